import fs from "node:fs";
import path from "node:path";
import { neon, neonConfig } from "@neondatabase/serverless";
import { AwsClient } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { isAlive } from "../../../src/local/processes.ts";
import { projectRoot } from "../../../src/local/root.ts";
import { startStack } from "../../../src/local/stack.ts";
import { startTestStack, type TestStack } from "../../support/stack.ts";

const workerMain = path.join(projectRoot, "tests/unit/local/fixtures/worker.mjs");
let stack: TestStack;

beforeAll(async () => {
  stack = await startTestStack({ workerMain, schema: false, env: { CARIOS_CUSTOM: "passed on" } });
}, 60_000);

afterAll(async () => {
  const { dataDir, worker } = stack;
  const pid = worker.pid;
  await stack.stop();
  expect(fs.existsSync(dataDir)).toBe(false);
  expect(pid === undefined || !isAlive(pid)).toBe(true);
}, 30_000);

describe("the Worker", () => {
  test("has its variables and the request's own address", async () => {
    const echo = await (await fetch(`${stack.baseUrl}/v1/echo`)).json();
    expect(echo).toEqual({ url: `${stack.baseUrl}/v1/echo`, custom: "passed on" });
  });

  test("accepts WebSockets in its Durable Object", async () => {
    const socket = new WebSocket(`${stack.baseUrl.replace("http", "ws")}/v1/ws`);
    const answer = await new Promise<string>((resolve, reject) => {
      socket.on("open", () => socket.send("hello"));
      socket.on("message", (data) => resolve(String(data)));
      socket.on("error", reject);
    });
    socket.close();
    expect(answer).toBe("hello");
  });

  test("keeps its objects' data over SIGKILL and over a restart", async () => {
    const hit = async (): Promise<unknown> => (await fetch(`${stack.baseUrl}/v1/hit`)).json();
    expect(await hit()).toEqual({ hits: 1 });
    const { pid } = stack.worker;
    expect(pid && isAlive(pid)).toBe(true);
    await stack.worker.kill();
    expect(stack.worker.pid).toBeUndefined();
    await expect(fetch(`${stack.baseUrl}/v1/hit`)).rejects.toThrow();
    await stack.worker.start();
    expect(await hit()).toEqual({ hits: 2 });
    await stack.worker.stop();
    await stack.worker.start();
    expect(await hit()).toEqual({ hits: 3 });
    expect(stack.worker.pid).not.toBe(pid);
  }, 30_000);
});

describe("the object store", () => {
  const sign = (key: string, expires = 60): Promise<Request> => {
    const { vars } = stack;
    const client = new AwsClient({
      accessKeyId: vars.CARIOS_S3_ACCESS_KEY_ID ?? "",
      secretAccessKey: vars.CARIOS_S3_SECRET_ACCESS_KEY ?? "",
      region: vars.CARIOS_S3_REGION ?? "",
      service: "s3",
      retries: 0,
    });
    return client.sign(`${vars.CARIOS_S3_ENDPOINT}/${vars.CARIOS_S3_BUCKET}/${key}?X-Amz-Expires=${expires}`, {
      method: "PUT",
      headers: { "content-type": "text/plain", "content-length": "5" },
      aws: { signQuery: true, allHeaders: true },
    });
  };
  const put = async (url: string, type: string, body: string, more: Record<string, string> = {}): Promise<Response> =>
    fetch(url, { method: "PUT", headers: { "content-type": type, ...more }, body });

  test("takes a presigned upload exactly as it was signed", async () => {
    const { url } = await sign("a/b c.txt");
    expect((await put(url, "text/plain", "hello")).status).toBe(200);
    expect((await put(url, "text/html", "hello")).status).toBe(403);
    expect((await put(url, "text/plain", "hello!")).status).toBe(403);
    expect(
      (
        await put(
          url.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
          "text/plain",
          "hello",
        )
      ).status,
    ).toBe(403);
    expect((await put(url.replace("a/b", "a/x"), "text/plain", "hello")).status).toBe(403);
  });

  test("refuses an expired signature", async () => {
    const { url } = await sign("late.txt", 1);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect((await put(url, "text/plain", "hello")).status).toBe(403);
  });

  test("lets a page of the Worker's own origin and of another local one upload", async () => {
    const { url } = await sign("page.txt");
    expect(new URL(url).origin).toBe(stack.baseUrl);
    const response = await put(url, "text/plain", "hello", { Origin: "http://localhost:5173" });
    expect(response.status).toBe(200);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    const preflight = await fetch(url, {
      method: "OPTIONS",
      headers: {
        Origin: "http://localhost:5173",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-methods")).toContain("PUT");
  });

  test("serves public reads with type, length and ranges, and downloads what is no picture, film, sound or PDF", async () => {
    const store = new AwsClient({
      accessKeyId: stack.vars.CARIOS_S3_ACCESS_KEY_ID ?? "",
      secretAccessKey: stack.vars.CARIOS_S3_SECRET_ACCESS_KEY ?? "",
      region: "auto",
      service: "s3",
    });
    const dispositions: Record<string, string | null> = {};
    for (const type of ["image/png", "image/svg+xml", "video/mp4", "application/pdf", "text/html"]) {
      const key = type.replace(/\W/g, ".");
      const url = `${stack.vars.CARIOS_S3_ENDPOINT}/${stack.vars.CARIOS_S3_BUCKET}/${key}`;
      const stored = await store.fetch(url, { method: "PUT", headers: { "content-type": type }, body: "0123456789" });
      expect(stored.status).toBe(200);
      const read = await fetch(`${stack.vars.CARIOS_S3_PUBLIC_URL}/${key}`);
      expect(await read.text()).toBe("0123456789");
      expect(read.headers.get("content-type")).toBe(type);
      expect(read.headers.get("content-length")).toBe("10");
      expect(read.headers.get("x-content-type-options")).toBe("nosniff");
      dispositions[type] = read.headers.get("content-disposition");
    }
    expect(dispositions).toEqual({
      "image/png": "inline",
      "image/svg+xml": "attachment",
      "video/mp4": "inline",
      "application/pdf": "inline",
      "text/html": "attachment",
    });
    const part = await fetch(`${stack.vars.CARIOS_S3_PUBLIC_URL}/image.png`, { headers: { range: "bytes=2-4" } });
    expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([206, "234", "bytes 2-4/10"]);
    expect((await fetch(`${stack.vars.CARIOS_S3_PUBLIC_URL}/absent.png`)).status).toBe(404);
  });
});

describe("the stack", () => {
  test("takes Postgres away and brings it back at the same address", async () => {
    neonConfig.fetchEndpoint = stack.vars.NEON_FETCH_ENDPOINT ?? "";
    const sql = neon(stack.databaseUrl);
    await sql`CREATE TABLE kept (a int)`;
    await stack.postgres.stop();
    await expect(sql`SELECT 1`).rejects.toThrow(/503/);
    await stack.postgres.start();
    expect(await sql`SELECT count(*)::int AS n FROM kept`).toEqual([{ n: 0 }]);
  }, 30_000);

  test("runs once per data folder", async () => {
    await expect(startStack({ dataDir: stack.dataDir, workerMain })).rejects.toThrow(/already runs from .* at http/);
  });

  test("says in one line what is wrong with a port, a folder or a replacement", async () => {
    const start = (more: object): Promise<unknown> =>
      startStack({ dataDir: `${stack.dataDir}-other`, workerMain, web: false, ...more });
    try {
      await expect(start({ port: Number(new URL(stack.baseUrl).port) })).rejects.toThrow(/^Port \d+ is in use/);
      await expect(start({ env: { KABAR_POSTGRES_URL: "postgres://a:b@127.0.0.1:1/c" } })).rejects.toThrow(
        /^The Postgres in KABAR_POSTGRES_URL does not answer/,
      );
      await expect(start({ env: { KABAR_REDIS_URL: "redis://127.0.0.1:1" } })).rejects.toThrow(
        /^The Redis in KABAR_REDIS_URL does not answer/,
      );
      await expect(start({ env: { KABAR_S3_ENDPOINT: "http://127.0.0.1:1" } })).rejects.toThrow(
        /^An S3 endpoint is set/,
      );
      await expect(start({ env: { CARIOS_JWT_SECRET: "short" } })).rejects.toThrow(/at least 32 bytes/);
      await expect(start({ dataDir: `${stack.dataDir}/state.json` })).rejects.toThrow(/^The data folder/);
    } finally {
      fs.rmSync(`${stack.dataDir}-other`, { recursive: true, force: true });
    }
  }, 60_000);
});

test("replacements go behind the same doors", async () => {
  const other = await startTestStack({
    workerMain,
    schema: false,
    env: { KABAR_POSTGRES_URL: stack.databaseUrl, KABAR_REDIS_ENGINE: "ioredis-mock" },
  });
  try {
    expect(other.databaseUrl).toBe(stack.databaseUrl);
    expect(other.vars.KABAR_POSTGRES_URL).toBeUndefined();
    neonConfig.fetchEndpoint = other.vars.NEON_FETCH_ENDPOINT ?? "";
    const sql = neon(other.databaseUrl);
    expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
    await other.postgres.stop();
    await expect(sql`SELECT 1`).rejects.toThrow();
    await other.postgres.start();
    expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
  } finally {
    await other.stop();
  }
}, 30_000);

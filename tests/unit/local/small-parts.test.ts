import { describe, expect, test } from "vitest";
import { LuaScripts } from "../../../src/local/lua-scripts.ts";
import { beginStatement } from "../../../src/local/neon-batch.ts";
import { encodeCommand, type Reply, ReplyError, RespParser } from "../../../src/local/resp-parser.ts";
import { startOptions } from "../../../src/local/start-options.ts";
import { createFront } from "../../../src/local/worker-front.ts";
import { fetchThroughDoors } from "../../../src/local/worker-outbound.ts";

describe("RESP", () => {
  const wire = "+OK\r\n:7\r\n$-1\r\n$6\r\nhé\r\nx\r\n*3\r\n:1\r\n*1\r\n$1\r\na\r\n-ERR no\r\n*-1\r\n*0\r\n";
  const replies: Reply[] = ["OK", 7, null, "hé\r\nx".slice(0, 5), [1, ["a"], new ReplyError("ERR no")], null, []];

  test("parses a stream however it is cut", () => {
    const bytes = Buffer.from(wire);
    for (const size of [1, 2, 3, 7, bytes.length]) {
      const parser = new RespParser();
      const read: Reply[] = [];
      for (let at = 0; at < bytes.length; at += size) read.push(...parser.push(bytes.subarray(at, at + size)));
      expect(read).toEqual(replies);
    }
  });

  test("encodes by bytes", () => {
    expect(encodeCommand(["SET", "ké"])).toBe("*2\r\n$3\r\nSET\r\n$3\r\nké\r\n");
  });
});

test("Upstash's flag line is taken from scripts and the hash follows", () => {
  const scripts = new LuaScripts();
  const script = "#!lua flags=allow-key-locking\nreturn 1";
  expect(scripts.translate(["EVAL", script, "0"])).toEqual(["EVAL", "\nreturn 1", "0"]);
  const sha = scripts.loadedHash(["SCRIPT", "LOAD", script]) ?? "";
  const [, translated] = scripts.translate(["EVALSHA", sha, "0"]);
  expect(translated).not.toBe(sha);
  expect(translated).toMatch(/^[0-9a-f]{40}$/);
  expect(scripts.translate(["EVALSHA", "other", "0"])).toEqual(["EVALSHA", "other", "0"]);
});

test("a batch begins as its headers say", () => {
  expect(beginStatement({})).toBe("BEGIN");
  expect(
    beginStatement({
      "neon-batch-isolation-level": "RepeatableRead",
      "neon-batch-read-only": "true",
      "neon-batch-deferrable": "true",
    }),
  ).toBe("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY DEFERRABLE");
  expect(beginStatement({ "neon-batch-isolation-level": "; DROP TABLE x" })).toBe("BEGIN");
});

describe("the local front", () => {
  const assets = {
    fetch: async ({ url }: Request) => new Response("asset", { status: url.endsWith("/page") ? 200 : 404 }),
  };
  const entry = { fetch: async () => new Response("store") };
  const worker = { fetch: () => new Response("worker") };
  const front = createFront(worker, ["/v1/*", "/healthz", "!/v1/static/*"]);
  const get = async (path: string, init?: RequestInit): Promise<string> =>
    (await front.fetch(new Request(`http://x${path}`, init), { ASSETS: assets, KABAR_ENTRY: entry }, {})).text();

  test("sends each path where Cloudflare would", async () => {
    expect(await get("/page")).toBe("asset");
    expect(await get("/v1/page")).toBe("worker");
    expect(await get("/v1/static/page")).toBe("asset");
    expect(await get("/healthz")).toBe("worker");
    expect(await get("/other")).toBe("worker");
    expect(await get("/page", { method: "POST" })).toBe("worker");
    expect(await get("/cdn-cgi/local/r2/s3/bucket/key")).toBe("store");
  });
});

describe("the way to the doors", () => {
  const door = { fetch: async (url: string, init?: RequestInit) => new Response(`door ${url} ${init?.method}`) };
  const otherwise = async () => new Response("elsewhere");
  const through = fetchThroughDoors({ KABAR_DOOR_4001: door, KABAR_DOOR_4002: "no door" }, otherwise);
  const get = async (url: string | Request) => (await through(url, { method: "POST" })).text();

  test("leads straight to a door that has a binding, and everything else where it always went", async () => {
    expect(await get("http://127.0.0.1:4001/sql")).toBe("door http://127.0.0.1:4001/sql POST");
    for (const url of [
      "http://127.0.0.1:4002/",
      "http://127.0.0.1:4003/",
      "http://127.0.0.1:40011/",
      "https://127.0.0.1:4001/",
      "http://127.0.0.1:4001.example.org/",
    ]) {
      expect(await get(url)).toBe("elsewhere");
    }
    expect(await get(new Request("http://127.0.0.1:4001/"))).toBe("elsewhere");
  });
});

describe("npm start's options", () => {
  test("the command line goes before the environment", () => {
    expect(startOptions(["--port", "9000"], { PORT: "1" }).port).toBe(9000);
    expect(startOptions([], { PORT: "9001" }).port).toBe(9001);
    expect(startOptions([], {}).port).toBe(8787);
    expect(startOptions([], {}).dataDir.endsWith("/.kabar")).toBe(true);
    expect([startOptions([], {}).web, startOptions(["--no-web"], {}).web]).toEqual([true, false]);
  });

  test("mistakes are told in one line", () => {
    expect(() => startOptions(["--port", "x"], {})).toThrow(/^x is no port/);
    expect(() => startOptions(["--nope"], {})).toThrow(/Usage/);
  });
});

import { SignJWT, UnsecuredJWT } from "jose";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorkspace, listWorkspaces, rotateSecret } from "../../src/cli/workspaces.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { errorOf, keyClient, newGroup, newPerson, type Person, RestClient } from "./rest-client.ts";

let stack: TestStack;
let key: RestClient;
let nobody: RestClient;
let ayu: Person;

beforeAll(async () => {
  stack = await startTestStack({ env: { CARIOS_CORS_ALLOWED_ORIGINS: "https://app.example" } });
  key = keyClient(stack);
  nobody = key.as(undefined);
  ayu = await newPerson(key, "ayu");
});
afterAll(() => stack?.stop());

const secretOf = (): Uint8Array => new TextEncoder().encode(stack.vars.CARIOS_JWT_SECRET);
const claims = () =>
  new SignJWT({ ws: stack.workspaceId }).setSubject(ayu.id).setIssuer("cariosan").setIssuedAt().setJti("test");

async function badTokens(): Promise<Record<string, string>> {
  const header = { alg: "HS256" };
  return {
    malformed: "not-a-token",
    expired: await claims().setExpirationTime(1_000).setProtectedHeader(header).sign(secretOf()),
    "wrong secret": await claims().setExpirationTime("1h").setProtectedHeader(header).sign(new Uint8Array(32)),
    "wrong issuer": await claims().setIssuer("x").setExpirationTime("1h").setProtectedHeader(header).sign(secretOf()),
    "alg none": new UnsecuredJWT({ ws: stack.workspaceId })
      .setSubject(ayu.id)
      .setIssuer("cariosan")
      .setIssuedAt()
      .setExpirationTime("1h")
      .setJti("j")
      .encode(),
  };
}

describe("credentials", () => {
  it("[AUTH-1] none answers 401 with WWW-Authenticate", async () => {
    const answer = await nobody.get("/v1/me");
    expect(errorOf(answer)).toEqual([401, "UNAUTHORIZED"]);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    expect(errorOf(await key.as("Basic abc").get("/v1/me"))).toEqual([401, "UNAUTHORIZED"]);
  });

  it("[AUTH-2] bad tokens answer 401", async () => {
    for (const [name, token] of Object.entries(await badTokens())) {
      expect(errorOf(await key.as(`Bearer ${token}`).get("/v1/me")), name).toEqual([401, "UNAUTHORIZED"]);
    }
  });

  it("[AUTH-3] a wrong key answers 401", async () => {
    const unknown = `pk_test_${"0".repeat(24)}`;
    for (const pair of [
      `${stack.apiKey}:${stack.apiSecret}x`,
      `${unknown}:${stack.apiSecret}`,
      stack.apiKey,
      `${stack.apiKey}:`,
    ]) {
      expect(errorOf(await key.as(`Bearer ${pair}`).get("/v1/users")), pair).toEqual([401, "UNAUTHORIZED"]);
    }
    const live = stack.apiSecret.replace("sk_test_", "sk_live_");
    expect(errorOf(await key.as(`Bearer ${stack.apiKey}:${live}`).get("/v1/users"))).toEqual([401, "UNAUTHORIZED"]);
  });

  it("[AUTH-4] a good credential of the wrong kind answers 403", async () => {
    expect(errorOf(await key.get("/v1/me"))).toEqual([403, "FORBIDDEN"]);
    expect(errorOf(await ayu.api.get("/v1/users"))).toEqual([403, "FORBIDDEN"]);
  });

  it("[AUTH-5] what is another workspace's answers like what does not exist", async () => {
    const other = await createWorkspace(stack.databaseUrl, { name: "Other" });
    const otherKey = new RestClient(stack.baseUrl, `Bearer ${other.api_key}:${other.api_secret}`);
    const stranger = await newPerson(otherKey);
    const channel = await newGroup(key, [ayu]);
    const nowhere = "01900000-0000-7000-8000-000000000000";
    for (const api of [otherKey, stranger.api]) {
      for (const path of ["", "/members", "/messages"]) {
        const theirs = await api.get(`/v1/channels/${channel}${path}`);
        const absent = await api.get(`/v1/channels/${nowhere}${path}`);
        expect(errorOf(theirs)).toEqual([404, "NOT_FOUND"]);
        expect(theirs.body.error.message).toBe(absent.body.error.message);
      }
      expect(
        errorOf(await api.post(`/v1/channels/${channel}/messages`, { content: "x", user_id: stranger.id })),
      ).toEqual([404, "NOT_FOUND"]);
    }
    expect(errorOf(await otherKey.get(`/v1/users/${ayu.id}`))).toEqual([404, "NOT_FOUND"]);
    expect(errorOf(await otherKey.delete(`/v1/users/${ayu.id}`))).toEqual([404, "NOT_FOUND"]);
    const body = { type: "group", external_id: "mixed", member_external_ids: [ayu.id] };
    expect(errorOf(await otherKey.post("/v1/channels", body))).toEqual([400, "VALIDATION_ERROR"]);
    expect((await stranger.api.get("/v1/me/channels")).body.channels).toEqual([]);
  });

  it("[AUTH-6] [CLI-1] secrets are stored as hashes, and a rotated one is another", async () => {
    const made = await createWorkspace(stack.databaseUrl, { name: "Rotating", mode: "live", location_hint: "apac" });
    const rotated = await rotateSecret(stack.databaseUrl, made.workspace_id);
    expect(rotated.api_key).toBe(made.api_key);
    const client = (secret: string) => key.as(`Bearer ${made.api_key}:${secret}`);
    expect((await client(rotated.api_secret).get("/v1/users")).status).toBe(200);
    expect(errorOf(await client(made.api_secret).get("/v1/users"))).toEqual([401, "UNAUTHORIZED"]);
    const listed = await listWorkspaces(stack.databaseUrl);
    expect(listed.find(({ id }) => id === made.workspace_id)).toMatchObject({
      name: "Rotating",
      location_hint: "apac",
    });
    const db = new pg.Client(stack.databaseUrl);
    await db.connect();
    const { rows } = await db.query("select row_to_json(k)::text as text from workspace_keys k");
    await db.end();
    for (const secret of [made.api_secret, rotated.api_secret, stack.apiSecret]) {
      for (const { text } of rows) expect(text).not.toContain(secret.slice(8));
    }
    await expect(rotateSecret(stack.databaseUrl, made.workspace_id, "pk_live_nothing")).rejects.toThrow("no such");
  });

  it("[AUTH-7] both token routes sign for internal and external ids", async () => {
    const short = await key.post(`/v1/users/${ayu.externalId}/tokens`, { ttl_seconds: 60 });
    expect(short.status).toBe(201);
    expect(new Date(short.body.expires_at).getTime() - Date.now()).toBeLessThan(61_000);
    const other = await key.post("/v1/auth/token", { user_id: ayu.externalId });
    expect(other.status).toBe(200);
    expect((await key.as(`Bearer ${other.body.token}`).get("/v1/me")).body.id).toBe(ayu.id);
    expect(errorOf(await key.post("/v1/users/nobody/tokens"))).toEqual([404, "NOT_FOUND"]);
    expect(errorOf(await key.post(`/v1/users/${ayu.id}/tokens`, { ttl_seconds: -1 }))).toEqual([
      400,
      "VALIDATION_ERROR",
    ]);
  });
});

describe("the upgrade", () => {
  const upgrade = (headers: Record<string, string>) => nobody.get("/v1/ws", { headers });

  it("[WS-1] a plain request answers 426", async () => {
    expect((await upgrade({})).status).toBe(426);
  });

  it("[WS-1] [AUTH-2] needs a good token and an allowed origin, before the upgrade", async () => {
    const { status } = await openSocket(stack.baseUrl, []);
    expect(status).toBe(401);
    for (const [name, token] of Object.entries(await badTokens())) {
      expect((await openSocket(stack.baseUrl, [`cariosan.jwt.${token}`])).status, name).toBe(401);
    }
    const good = [`cariosan.jwt.${ayu.authorization.slice(7)}`];
    expect((await openSocket(stack.baseUrl, good, "https://evil.example")).status).toBe(403);
    expect(await openSocket(stack.baseUrl, good, "https://app.example")).toMatchObject({
      status: 101,
      protocol: good[0],
    });
    expect(await openSocket(stack.baseUrl, good)).toMatchObject({
      status: 101,
      protocol: good[0],
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it("[SOCK-11] accepts the one of the offered subprotocols that holds the token", async () => {
    const offered = ["chat", `cariosan.jwt.${ayu.authorization.slice(7)}`, "other"];
    expect(await openSocket(stack.baseUrl, offered)).toMatchObject({ status: 101, protocol: offered[1] });
  });

  it("[WS-1] a token in the query string is not looked at", async () => {
    const { status } = await openSocket(`${stack.baseUrl}`, [], undefined, `?token=${ayu.authorization.slice(7)}`);
    expect(status).toBe(401);
  });
});

describe("other origins", () => {
  it("[OPS-3] get CORS headers if they are listed", async () => {
    const preflight = await nobody.call("OPTIONS", "/v1/users", undefined, {
      headers: { origin: "https://app.example", "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("https://app.example");
    const refused = await nobody.get("/healthz", { headers: { origin: "https://evil.example" } });
    expect(refused.headers.get("access-control-allow-origin")).toBeNull();
  });
});

async function openSocket(baseUrl: string, protocols: string[], origin?: string, query = "") {
  const { WebSocket } = await import("ws");
  return new Promise<{ status: number; protocol: string; requestId: string | undefined }>((resolve, reject) => {
    const url = `${baseUrl.replace("http", "ws")}/v1/ws${query}`;
    const socket = new WebSocket(url, protocols, origin === undefined ? {} : { headers: { origin } });
    let requestId: string | undefined;
    socket.on("upgrade", (response) => {
      requestId = String(response.headers["x-request-id"]);
    });
    socket.on("open", () => {
      resolve({ status: 101, protocol: socket.protocol, requestId });
      socket.close();
    });
    socket.on("unexpected-response", (_request, response) => {
      resolve({ status: response.statusCode ?? 0, protocol: "", requestId });
      socket.terminate();
    });
    socket.on("error", reject);
  });
}

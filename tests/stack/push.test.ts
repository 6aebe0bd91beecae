import { createPublicKey, verify } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createClient } from "../../src/sdk/index.ts";
import { createGroup, createUser, type TestUser, workspaceCaller } from "../support/group.ts";
import { fcmError, fcmErrorCode, type PushServices, startPushServices } from "../support/push-services.ts";
import { openSocket } from "../support/socket.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { TestBrowser } from "../support/web-push-browser.ts";

/** Longer than messages gather before they are pushed. */
const SETTLE_MS = 1_500;

async function until(what: string, done: () => boolean, timeoutMs = 30_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; ) {
    if (done()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

const settle = () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

describe("push", () => {
  let stack: TestStack;
  let services: PushServices;
  let groups = 0;

  const newGroup = (size: number) => createGroup(stack, `push-${++groups}`, size);
  const register = async (user: TestUser, token: string, body: Record<string, unknown> = { platform: "android" }) => {
    const answer = await user.put(`/v1/me/devices/${encodeURIComponent(token)}`, body);
    expect(answer.status).toBe(204);
  };
  const subscribe = (user: TestUser, name: string, browser: TestBrowser) =>
    register(user, name, {
      platform: "web",
      subscription: { endpoint: `${services.url}/push/${name}`, expirationTime: null, keys: browser.keys },
    });
  const fcmTo = (token: string) => services.fcm.filter(({ message }) => message.token === token);
  const webTo = (name: string) => services.webPushes.filter((push) => push.name === name);

  beforeAll(async () => {
    services = await startPushServices();
    stack = await startTestStack({ env: { ...services.env, CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "100000" } });
  });
  afterAll(async () => {
    await stack.stop();
    await services.stop();
  });
  beforeEach(() => {
    services.onFcm = () => ({ status: 200, body: {} });
    services.onWebPush = () => ({ status: 201 });
  });

  it("[PUSH-1] FCM gets sender, channel and message, signed in as the service account, and never the body", async () => {
    const group = await newGroup(3);
    const [ana, budi, citra] = [group.member(0), group.member(1), group.member(2)];
    await register(ana, "a-1");
    await register(budi, "b:1/ios", { platform: "ios" });
    await register(citra, "c-1");
    await register(citra, "c-2", { platform: "web" });
    const sent = await ana.send(group.channelId, "the body is a secret");
    await until("three pushes", () => services.fcm.length >= 3);
    await settle();
    expect(services.fcm.map(({ message }) => message.token).sort()).toEqual(["b:1/ios", "c-1", "c-2"]);
    for (const { message } of services.fcm) {
      expect(message.notification).toEqual({ title: `${ana.externalId} sent a message` });
      expect(message.data).toEqual({ channel_id: group.channelId, message_id: sent.body.id });
    }
    expect(JSON.stringify(services.fcm)).not.toContain("secret");

    const [assertion] = services.assertions;
    expect(assertion?.isSigned).toBe(true);
    expect(assertion?.header).toEqual({ alg: "RS256", typ: "JWT", kid: services.keyId });
    expect(assertion?.claims).toMatchObject({
      iss: services.clientEmail,
      aud: "https://oauth2.example.test/token",
      scope: "https://www.googleapis.com/auth/firebase.messaging",
    });
    expect(Number(assertion?.claims.exp) - Number(assertion?.claims.iat)).toBe(3_600);
    await ana.send(group.channelId, "again");
    await until("six pushes", () => services.fcm.length >= 6);
    expect(services.tokens).toHaveLength(1);
  });

  it("[PUSH-6] a browser can read its Web Push, and its service can tell who sent it", async () => {
    const group = await newGroup(2);
    const [ana, budi] = [group.member(0), group.member(1)];
    const browser = new TestBrowser();
    await subscribe(budi, "browser", browser);
    const sent = await ana.send(group.channelId, "the body is a secret");
    await until("the push", () => webTo("browser").length === 1);
    const push = webTo("browser")[0];
    if (push === undefined) throw new Error("no push");
    expect(JSON.parse(browser.decrypt(push.body))).toEqual({
      title: `${ana.externalId} sent a message`,
      data: { channel_id: group.channelId, message_id: sent.body.id },
    });
    expect(push.headers).toMatchObject({ "content-encoding": "aes128gcm", urgency: "high" });
    expect(Number(push.headers.ttl)).toBeGreaterThan(86_000);
    expect(push.headers.topic).toMatch(/^[A-Za-z0-9_-]{1,32}$/);

    const [, token = "", key = ""] = /^vapid t=([^,]+), k=(.+)$/.exec(push.headers.authorization ?? "") ?? [];
    const [head = "", payload = "", signature = ""] = token.split(".");
    const { public_key: publicKey } = (await budi.get("/v1/push/vapid-key")).body;
    expect(publicKey).toBe(services.vapidPublicKey);
    expect(key).toBe(publicKey);
    const point = Buffer.from(key, "base64url");
    const jwk = {
      kty: "EC",
      crv: "P-256",
      x: point.subarray(1, 33).toString("base64url"),
      y: point.subarray(33).toString("base64url"),
    };
    const verifying = { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" } as const;
    const signed = Buffer.from(`${head}.${payload}`);
    expect(verify("sha256", signed, verifying, Buffer.from(signature, "base64url"))).toBe(true);
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    expect(claims).toMatchObject({ aud: services.url, sub: "mailto:ops@example.test" });
    expect(claims.exp - Date.now() / 1000).toBeLessThan(24 * 3_600);
  });

  it("[PUSH-2] mutes of a channel and of everything stop pushes at once, and their ends let them through", async () => {
    const group = await newGroup(2);
    const [ana, budi] = [group.member(0), group.member(1)];
    await register(budi, "muting");
    const mute = `/v1/me/channels/${group.channelId}/mute`;
    const pushed = async (content: string) => {
      const before = fcmTo("muting").length;
      await ana.send(group.channelId, content);
      await settle();
      return fcmTo("muting").length - before;
    };
    expect(await pushed("loud")).toBe(1);
    expect((await budi.put(mute)).body).toEqual({ muted: true, muted_until: null });
    expect(await pushed("channel muted")).toBe(0);
    expect((await budi.delete(mute)).body).toEqual({ muted: false, muted_until: null });
    expect(await pushed("loud again")).toBe(1);
    const soon = new Date(Date.now() + 4_000).toISOString();
    expect((await budi.put("/v1/me/push-mute", { until: soon })).body).toEqual({ muted: true, muted_until: soon });
    expect(await pushed("all muted")).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, Date.parse(soon) - Date.now() + 100));
    expect((await budi.get("/v1/me/push-mute")).body).toEqual({ muted: false, muted_until: null });
    expect(await pushed("over")).toBe(1);
    await budi.put("/v1/me/push-mute", {});
    expect(await pushed("muted for good")).toBe(0);
    await budi.delete("/v1/me/push-mute");
    expect(await pushed("and back")).toBe(1);
  });

  it("[PUSH-3] nobody who has the channel open is pushed, on any device; in another channel it is", async () => {
    const [group, elsewhere] = [await newGroup(2), await newGroup(1)];
    const [ana, budi] = [group.member(0), group.member(1)];
    await register(budi, "phone");
    const socket = await openSocket(stack.baseUrl, budi.token);
    await ana.send(group.channelId, "a client that never says what it shows");
    await settle();
    expect(fcmTo("phone")).toHaveLength(0);
    expect(await socket.request("channel.focus", { channel_id: group.channelId })).toMatchObject({ type: "ok" });
    await ana.send(group.channelId, "open");
    await settle();
    expect(fcmTo("phone")).toHaveLength(0);
    const refused = await socket.request("channel.focus", { channel_id: elsewhere.channelId });
    expect(refused).toMatchObject({ type: "error", data: { code: "NOT_A_MEMBER" } });
    await socket.request("channel.focus", { channel_id: null });
    await ana.send(group.channelId, "in the background");
    await until("the push", () => fcmTo("phone").length === 1);
    await socket.request("channel.focus", { channel_id: group.channelId });
    await socket.close();
    await ana.send(group.channelId, "gone");
    await until("the push", () => fcmTo("phone").length === 2);
  });

  it("[PUSH-3] the client library says which channel is shown, again after a reconnect", async () => {
    const group = await newGroup(2);
    const [ana, budi] = [group.member(0), group.member(1)];
    await register(budi, "pocket");
    const client = createClient({ baseUrl: stack.baseUrl, getToken: async () => budi.token });
    try {
      client.connect();
      await until("the connection", () => client.state === "online");
      client.showing(group.channelId);
      await ana.send(group.channelId, "on the screen");
      await settle();
      expect(fcmTo("pocket")).toHaveLength(0);
      client.showing(null);
      await ana.send(group.channelId, "in the background");
      await until("the push", () => fcmTo("pocket").length === 1);
      client.disconnect();
      client.connect();
      await until("the connection", () => client.state === "online");
      await ana.send(group.channelId, "still in the background");
      await until("the push", () => fcmTo("pocket").length === 2);
    } finally {
      client.close();
    }
  });

  it("[PUSH-7] devices that FCM or a push service does not know any more are dropped", async () => {
    const group = await newGroup(2);
    const [ana, budi] = [group.member(0), group.member(1)];
    const tokens = ["gone-1", "gone-2", "gone-3", "gone-4", "kept-1", "kept-2"];
    for (const token of tokens) await register(budi, token);
    for (const name of ["gone-web", "kept-web"]) await subscribe(budi, name, new TestBrowser());
    services.onFcm = (token) => {
      if (token === "gone-1") {
        return { status: 404, body: fcmError(404, "NOT_FOUND", [fcmErrorCode("UNREGISTERED")]) };
      }
      if (token === "gone-2") return { status: 404, body: fcmError(404, "NOT_FOUND") };
      if (token === "gone-3") {
        const violation = {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [{ field: "message.token" }],
        };
        return { status: 400, body: fcmError(400, "INVALID_ARGUMENT", [fcmErrorCode("INVALID_ARGUMENT"), violation]) };
      }
      if (token === "gone-4") {
        const body = fcmError(400, "INVALID_ARGUMENT", [fcmErrorCode("INVALID_ARGUMENT")]);
        body.error.message = "The registration token is not a valid FCM registration token";
        return { status: 400, body };
      }
      if (token === "kept-1") return { status: 400, body: fcmError(400, "INVALID_ARGUMENT") };
      return { status: 200, body: {} };
    };
    services.onWebPush = (name) => ({ status: name === "gone-web" ? 410 : 201 });
    await ana.send(group.channelId, "one");
    await until("all", () => tokens.every((token) => fcmTo(token).length === 1) && webTo("gone-web").length === 1);
    await settle();
    await ana.send(group.channelId, "two");
    await until("those kept", () => fcmTo("kept-2").length === 2 && webTo("kept-web").length === 2);
    await settle();
    expect(tokens.map((token) => fcmTo(token).length)).toEqual([1, 1, 1, 1, 2, 2]);
    expect(webTo("gone-web")).toHaveLength(1);
  });

  it("[PUSH-5] a push service that fails gets each push later, after as long as it asked for", async () => {
    const group = await newGroup(2);
    const [ana, budi] = [group.member(0), group.member(1)];
    await register(budi, "retried");
    await subscribe(budi, "retried-web", new TestBrowser());
    const started = Date.now();
    services.onFcm = () => ({ status: 503, headers: { "retry-after": "8" } });
    await ana.send(group.channelId, "hi");
    await until("the first attempts", () => fcmTo("retried").length === 1 && webTo("retried-web").length === 1);
    services.onFcm = () => ({ status: 200, body: {} });
    await ana.send(group.channelId, "while FCM is away");
    await until("the other service", () => webTo("retried-web").length === 2);
    expect(fcmTo("retried")).toHaveLength(1);
    await until("both", () => fcmTo("retried").length >= 3);
    expect(Date.now() - started).toBeGreaterThanOrEqual(8_000);
    const ids = fcmTo("retried").map(({ message }) => message.data.message_id);
    expect(ids[1] === ids[0] || ids[2] === ids[0]).toBe(true);
    expect(new Set(ids).size).toBe(2);
  });

  it("[PUSH-5] an access token that is refused is fetched anew, without losing the push", async () => {
    const group = await newGroup(2);
    await register(group.member(1), "fresh");
    services.tokens.push("revoked");
    await group.member(0).send(group.channelId, "hi");
    await until("the push", () => fcmTo("fresh").length === 1);
    expect(services.tokens.at(-1)).toMatch(/^access-/);
  });

  it("[PUSH-8] SIGKILL of workerd right after a send, or while a service is away, loses no push", async () => {
    const group = await newGroup(2);
    const [ana, budi] = [group.member(0), group.member(1)];
    await register(budi, "killed");
    services.onFcm = () => ({ status: 500 });
    const sent: string[] = [];
    for (let n = 0; n < 3; n++) sent.push((await ana.send(group.channelId, `m${n}`)).body.id);
    await until("an attempt", () => fcmTo("killed").length > 0);
    sent.push((await ana.send(group.channelId, "and at once")).body.id);
    await stack.worker.kill();
    services.onFcm = () => ({ status: 200, body: {} });
    const failed = services.fcm.length;
    await stack.worker.start();
    const served = () => new Set(services.fcm.slice(failed).map(({ message }) => message.data.message_id));
    await until("all pushes", () => sent.every((id) => served().has(id)), 60_000);
  });

  it("[DEVICE-1] a token or a browser that another user registers leaves the first one", async () => {
    const group = await newGroup(3);
    const [ana, budi, citra] = [group.member(0), group.member(1), group.member(2)];
    const browser = new TestBrowser();
    await register(budi, "shared");
    await subscribe(budi, "shared-web", browser);
    await register(citra, "shared");
    const endpoint = `${services.url}/push/shared-web`;
    await register(citra, "its-own-name", { platform: "web", subscription: { endpoint, keys: browser.keys } });
    await budi.send(group.channelId, "citra is pushed");
    await until("the pushes", () => fcmTo("shared").length === 1 && webTo("shared-web").length === 1);
    await citra.send(group.channelId, "nobody is pushed");
    await settle();
    expect(fcmTo("shared")).toHaveLength(1);
    expect(webTo("shared-web")).toHaveLength(1);
    // Not budi's to take away any more.
    await budi.delete("/v1/me/devices/shared");
    await ana.send(group.channelId, "still citra's");
    await until("the push", () => fcmTo("shared").length === 2);
    expect((await citra.delete("/v1/me/devices/shared")).status).toBe(204);
    expect((await citra.delete("/v1/me/devices/shared")).status).toBe(204);
    await ana.send(group.channelId, "no device");
    await until("the browser", () => webTo("shared-web").length === 3);
    await settle();
    expect(fcmTo("shared")).toHaveLength(2);
  });

  it("[DEVICE-2] a user has at most 20 devices: the ones registered longest ago go", async () => {
    const group = await newGroup(2);
    for (let n = 0; n < 22; n++) await register(group.member(1), `many-${n}`);
    await group.member(0).send(group.channelId, "hi");
    await until("the newest", () => fcmTo("many-21").length === 1);
    await settle();
    const pushed = services.fcm.map(({ message }) => message.token).filter((token) => token.startsWith("many-"));
    expect(pushed.sort()).toEqual(Array.from({ length: 20 }, (_, n) => `many-${n + 2}`).sort());
  });

  it("[DEVICE-3] what is no token, platform or subscription is refused", async () => {
    const user = await createUser(stack, "device-checks");
    const { keys } = new TestBrowser();
    const endpoint = `${services.url}/push/x`;
    const refused: [string, unknown][] = [
      ["x".repeat(2_049), { platform: "ios" }],
      ["söme-token", { platform: "ios" }],
      ["t", {}],
      ["t", { platform: "symbian" }],
      ["t", { platform: "ios", subscription: { endpoint, keys } }],
      ["t", { platform: "web", subscription: { endpoint: "ftp://example.test/x", keys } }],
      ["t", { platform: "web", subscription: { endpoint, keys: { ...keys, auth: "short" } } }],
      ["t", { platform: "web", subscription: { endpoint, keys: { ...keys, p256dh: keys.auth } } }],
    ];
    for (const [token, body] of refused) {
      const answer = await user.put(`/v1/me/devices/${encodeURIComponent(token)}`, body);
      expect([answer.status, answer.body.error.code]).toEqual([400, "VALIDATION_ERROR"]);
    }
  });

  it("[DEVICE-4] a deleted user's devices are gone", async () => {
    const group = await newGroup(3);
    const [ana, budi] = [group.member(0), group.member(1)];
    await register(budi, "deleted");
    await register(group.member(2), "stays");
    expect((await workspaceCaller(stack).delete(`/v1/users/${budi.id}`)).status).toBeLessThan(300);
    await ana.send(group.channelId, "hi");
    await until("the other", () => fcmTo("stays").length === 1);
    await settle();
    expect(fcmTo("deleted")).toHaveLength(0);
    expect((await budi.put("/v1/me/devices/deleted", { platform: "ios" })).status).toBe(401);
  });
});

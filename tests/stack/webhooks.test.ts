import { createHmac } from "node:crypto";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Caller, createGroup, createUser, workspaceCaller } from "../support/group.ts";
import { type Received, Receiver } from "../support/receiver.ts";
import { openSocket } from "../support/socket.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

describe("webhooks on the whole stack", () => {
  let stack: TestStack;
  let key: Caller;
  let receiver: Receiver;
  let group: Awaited<ReturnType<typeof createGroup>>;
  beforeAll(async () => {
    stack = await startTestStack();
    key = workspaceCaller(stack);
    receiver = await new Receiver().start();
    group = await createGroup(stack, "hooked", 2);
  });
  afterAll(async () => {
    await receiver.stop();
    await stack.stop();
  });

  const create = async (url: string, events: string[] = []) => {
    const created = await key.post("/v1/webhooks", { url, events });
    expect(created.status).toBe(201);
    return created.body as { id: string; secret: string; created_at: string };
  };
  const log = async (id: string, query = "") =>
    (await key.get(`/v1/webhooks/${id}/deliveries${query}`)).body.deliveries;
  const eventually = async (check: () => Promise<boolean>) => {
    const end = Date.now() + 15_000;
    while (!(await check())) {
      if (Date.now() > end) throw new Error("waited too long");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  it("[HOOK-32] delivers what happens, with both signatures over the raw body", async () => {
    const own = await new Receiver().start();
    const hook = await create(own.url);
    const user = await key.post("/v1/users", { external_id: "newcomer", name: "Ñandú 🐦", metadata: { plan: "pro" } });
    await key.post("/v1/users", { external_id: "newcomer", name: "Ñandú 🐦", metadata: { plan: "pro" } });
    const sent = await group.member(0).send(group.channelId, "halo 🌊 dünya", { mentions: ["hooked-1"] });
    await key.post(`/v1/channels/${group.channelId}/members`, { user_ids: ["newcomer"] });
    await own.waitFor(4);
    expect([...own.events].sort()).toEqual(["member.joined", "message.created", "message.mentioned", "user.created"]);
    const of = (event: string) => own.received.find(({ json }) => json.event === event) as Received;
    expect(of("user.created").json.data).toEqual({ user: user.body });
    expect(of("message.created").json).toMatchObject({
      workspace_id: stack.workspaceId,
      data: { message: { id: sent.body.id, content: "halo 🌊 dünya" } },
    });
    for (const { headers, body, json } of own.received) {
      expect(headers["content-type"]).toBe("application/json");
      expect(headers["x-cariosan-event"]).toBe(json.event);
      expect(headers["x-cariosan-event-id"]).toBe(json.event_id);
      expect(headers["webhook-id"]).toBe(json.event_id);
      expect(headers["x-cariosan-timestamp"]).toBe(headers["webhook-timestamp"]);
      const hex = createHmac("sha256", hook.secret).update(body).digest("hex");
      expect(headers["x-cariosan-signature"]).toBe(`sha256=${hex}`);
      const verifier = new StandardWebhook(hook.secret);
      expect(verifier.verify(body, headers as Record<string, string>)).toEqual(json);
      expect(() => verifier.verify(`${body} `, headers as Record<string, string>)).toThrow();
    }
    expect((await log(hook.id, "?status=delivered")).length).toBe(4);
    expect((await key.delete(`/v1/webhooks/${hook.id}`)).status).toBe(204);
    await group.member(0).send(group.channelId, "after its deletion");
    expect((await key.get(`/v1/webhooks/${hook.id}/deliveries`)).status).toBe(404);
    await own.stop();
  });

  it("[HOOK-33] creates, lists, changes and deletes; the secret is shown to the creation only, and a repeat is the same webhook", async () => {
    const body = { url: `${receiver.url}/crud`, events: ["message.created", "channel.created"] };
    const first = await key.post("/v1/webhooks", body);
    expect(first.body).toMatchObject({
      enabled: true,
      disabled_reason: null,
      events: ["channel.created", "message.created"],
    });
    expect(first.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const again = await key.post("/v1/webhooks", { ...body, events: body.events.toReversed() });
    expect([again.status, again.body]).toEqual([200, first.body]);
    const { id } = first.body;
    const listed = (await key.get("/v1/webhooks?limit=100")).body.webhooks;
    const { secret: _secret, ...shown } = first.body;
    expect(listed).toContainEqual(shown);
    expect(JSON.stringify(listed)).not.toContain("whsec_");
    const off = await key.patch(`/v1/webhooks/${id}`, { enabled: false, events: [] });
    expect(off.body).toMatchObject({
      enabled: false,
      disabled_reason: "request",
      events: [],
      disabled_at: expect.any(String),
    });
    expect((await key.patch(`/v1/webhooks/${id}`, { enabled: true })).body).toMatchObject({
      enabled: true,
      disabled_reason: null,
      disabled_at: null,
    });
    const second = await create(`${receiver.url}/crud2`);
    const page = (await key.get("/v1/webhooks?limit=1")).body;
    expect(page.has_more).toBe(true);
    const rest = (await key.get(`/v1/webhooks?limit=100&cursor=${page.next_cursor}`)).body;
    const seen = [...page.webhooks, ...rest.webhooks].map((webhook: { id: string }) => webhook.id);
    expect(seen).toEqual([...new Set(seen)]);
    expect(seen).toEqual(expect.arrayContaining([id, second.id]));
    for (const one of [id, second.id]) {
      expect((await key.delete(`/v1/webhooks/${one}`)).status).toBe(204);
      expect((await key.delete(`/v1/webhooks/${one}`)).status).toBe(404);
      expect((await key.patch(`/v1/webhooks/${one}`, { enabled: true })).status).toBe(404);
    }
  });

  it("[HOOK-34] refuses bad bodies, user tokens, and a twenty-first webhook", async () => {
    const bad = [
      {},
      { url: "ftp://example.com" },
      { url: "https://a:b@example.com/" },
      { url: receiver.url, events: ["typing.start"] },
    ];
    for (const body of bad) {
      const answer = await key.post("/v1/webhooks", body);
      expect([answer.status, answer.body.error.code]).toEqual([400, "VALIDATION_ERROR"]);
    }
    const member = group.member(0);
    const id = "0190a000-0000-7000-8003-000000000001";
    for (const answer of [
      await member.get("/v1/webhooks"),
      await member.post("/v1/webhooks", { url: receiver.url }),
      await member.post(`/v1/webhooks/${id}/test`),
    ]) {
      expect(answer.body.error.code).toBe("FORBIDDEN");
    }
    for (const answer of [
      await key.post(`/v1/webhooks/${id}/test`),
      await key.get(`/v1/webhooks/${id}/deliveries`),
      await key.post(`/v1/webhooks/${id}/deliveries/dlv_1/redeliver`),
    ]) {
      expect(answer.status).toBe(404);
    }
    const made: string[] = [];
    for (let n = 0; n < 25; n++) {
      const answer = await key.post("/v1/webhooks", { url: `${receiver.url}/${n}`, events: ["channel.deleted"] });
      if (answer.status === 201) made.push(answer.body.id);
      else expect(answer.body.error.code).toBe("CONFLICT");
    }
    expect((await key.get("/v1/webhooks?limit=100")).body.webhooks).toHaveLength(20);
    for (const one of made) await key.delete(`/v1/webhooks/${one}`);
  });

  it("[HOOK-35] shows test events and deliveries page by page, and delivers a dead letter again", async () => {
    const own = await new Receiver().start();
    own.reply = () => ({ status: 410 });
    const hook = await create(own.url, ["message.created"]);
    const test = await key.post(`/v1/webhooks/${hook.id}/test`);
    expect(test).toMatchObject({ status: 202, body: { event: "webhook.test", status: "pending" } });
    await own.waitFor(1);
    for (const content of ["one", "two", "three"]) await group.member(0).send(group.channelId, content);
    await own.waitFor(4);
    await eventually(async () => (await log(hook.id, "?status=failed")).length === 4);
    const page = (await key.get(`/v1/webhooks/${hook.id}/deliveries?limit=3`)).body;
    expect(page).toMatchObject({ has_more: true, deliveries: [{}, {}, { response_status: 410, status: "failed" }] });
    const rest = (await key.get(`/v1/webhooks/${hook.id}/deliveries?limit=3&cursor=${page.next_cursor}`)).body;
    expect(rest).toMatchObject({ has_more: false, deliveries: [{ id: test.body.id, event: "webhook.test" }] });
    own.reply = () => ({});
    const [newest] = page.deliveries;
    const path = `/v1/webhooks/${hook.id}/deliveries/${newest.id}/redeliver`;
    expect((await key.post(path)).status).toBe(202);
    await own.waitFor(5);
    expect(own.received[4]?.json).toMatchObject({ event_id: newest.event_id, data: { message: { content: "three" } } });
    await eventually(async () => (await log(hook.id))[0].status === "delivered");
    await key.delete(`/v1/webhooks/${hook.id}`);
    await own.stop();
  });

  it("[HOOK-36] needs no Postgres to deliver, and loses nothing when the process is killed in the middle", async () => {
    const own = await new Receiver().start();
    own.reply = () => ({ delayMs: 150 });
    const hook = await create(own.url, ["message.created"]);
    await stack.postgres.stop();
    for (let n = 0; n < 12; n++) {
      expect((await group.member(n % 2).send(group.channelId, `m${n}`)).status).toBe(201);
    }
    await own.waitFor(3);
    await stack.worker.kill();
    await stack.worker.start();
    await stack.postgres.start();
    // Any request wakes the object where its alarm has not.
    await eventually(async () => (await group.member(0).get("/v1/me")).status === 200);
    await own.waitFor(1, ({ json }) => json.data.message.content === "m11");
    const contents = own.received.map(({ json }) => json.data.message.content);
    const firsts = contents.filter((content, n) => contents.indexOf(content) === n);
    expect(firsts).toEqual(Array.from({ length: 12 }, (_, n) => `m${n}`));
    await key.delete(`/v1/webhooks/${hook.id}`);
    await own.stop();
  });

  it("[HOOK-37] a before-send hook set in the workspace's settings decides over REST and socket sends", async () => {
    const own = await new Receiver().start();
    own.reply = ({ json }) => {
      const { content } = json.data.message;
      const answer =
        content === "no" ? { action: "reject", reason: "not here" } : { action: "rewrite", content: `${content}!` };
      return { body: JSON.stringify(answer) };
    };
    const set = (hook: unknown) => key.patch("/v1/workspace", { settings: { before_send_hook: hook } });
    const secret = `whsec_${Buffer.from("a".repeat(32)).toString("base64")}`;
    expect((await set({ url: own.url, on_failure: "reject", secret })).status).toBe(200);
    const [ana, budi] = [group.member(0), await createUser(stack, "hooked-1")];
    const refused = await ana.send(group.channelId, "no");
    expect(refused).toMatchObject({ status: 422, body: { error: { code: "MESSAGE_REJECTED" } } });
    expect((await ana.send(group.channelId, "yes")).body.content).toBe("yes!");
    const socket = await openSocket(stack.baseUrl, budi.token);
    const data = { channel_id: group.channelId };
    expect(await socket.request("message.send", { ...data, content: "no" })).toMatchObject({ type: "error" });
    expect(await socket.request("message.send", { ...data, content: "hey" })).toMatchObject({
      type: "message.ack",
      data: { message: { content: "hey!" } },
    });
    const { body, headers, json } = own.received[0] as Received;
    expect(new StandardWebhook(secret).verify(body, headers as Record<string, string>)).toEqual(json);
    await own.stop();
    expect((await ana.send(group.channelId, "down")).status).toBe(422);
    await set(null);
    expect((await ana.send(group.channelId, "up")).body.content).toBe("up");
    const history = (await ana.get(`/v1/channels/${group.channelId}/messages?limit=3`)).body.messages;
    expect(history.map((message: { content: string }) => message.content)).toEqual(["up", "hey!", "yes!"]);
    await socket.close();
  });
});

describe("webhooks of a deployment", () => {
  it("[HOOK-38] without CARIOS_WEBHOOK_ALLOW_PRIVATE nothing reaches a private address", async () => {
    const stack = await startTestStack({ env: { CARIOS_WEBHOOK_ALLOW_PRIVATE: "" } });
    try {
      const receiver = await new Receiver().start();
      const key = workspaceCaller(stack);
      for (const url of [receiver.url, "http://localhost/", "http://[::1]/", "http://10.0.0.1/"]) {
        const refused = await key.post("/v1/webhooks", { url });
        expect([refused.status, refused.body.error.details[0].path]).toEqual([400, "url"]);
      }
      const hook = await key.post("/v1/webhooks", { url: "https://hooks.example.com/" });
      expect((await key.patch(`/v1/webhooks/${hook.body.id}`, { url: receiver.url })).status).toBe(400);
      const settings = { before_send_hook: { url: receiver.url } };
      expect((await key.patch("/v1/workspace", { settings })).body.error.code).toBe("VALIDATION_ERROR");
      expect(receiver.received).toEqual([]);
      await receiver.stop();
    } finally {
      await stack.stop();
    }
  });
});

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { myChannelListSchema } from "../../src/protocol/channel.ts";
import { historySchema, messageSchema } from "../../src/protocol/message.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { errorOf, keyClient, newGroup, newPerson, type Person, type RestClient } from "./rest-client.ts";

let stack: TestStack;
let key: RestClient;
let ayu: Person;
let bima: Person;
let channel: string;
let path: string;

beforeAll(async () => {
  stack = await startTestStack({ env: { CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "10000" } });
  key = keyClient(stack);
});
beforeEach(async () => {
  [ayu, bima] = await Promise.all([newPerson(key, "ayu"), newPerson(key, "bima")]);
  channel = await newGroup(key, [ayu, bima]);
  path = `/v1/channels/${channel}/messages`;
});
afterAll(() => stack?.stop());

const invalid = [400, "VALIDATION_ERROR"];
const seqsOf = (body: { messages: { seq: number }[] }): number[] => body.messages.map(({ seq }) => seq);

describe("sending", () => {
  it("[MSG-1] answers 201 with the message, and the same again for the same key", async () => {
    const first = await ayu.api.post(path, { content: "satu", idempotency_key: "k1" });
    expect(first.status).toBe(201);
    expect(messageSchema().parse(first.body)).toMatchObject({
      seq: 1,
      content: "satu",
      user_id: ayu.id,
      client_id: "k1",
    });
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    const again = await ayu.api.post(path, { content: "satu" }, { headers: { "idempotency-key": "k1" } });
    expect([again.status, again.body, again.headers.get("idempotent-replayed")]).toEqual([201, first.body, "true"]);
    const others = await bima.api.post(path, { content: "dua", idempotency_key: "k1" });
    expect(others.body).toMatchObject({ seq: 2, user_id: bima.id });
    const both = await ayu.api.post(
      path,
      { content: "x", idempotency_key: "a" },
      { headers: { "idempotency-key": "b" } },
    );
    expect(errorOf(both)).toEqual(invalid);
    expect((await ayu.api.post(path, { content: "no key" })).body.client_id).toBeUndefined();
  });

  it("[MSG-1] many sends at once with one key are one message", async () => {
    const body = { content: "once", idempotency_key: randomUUID() };
    const answers = await Promise.all(Array.from({ length: 10 }, () => ayu.api.post(path, body)));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(seqsOf((await ayu.api.get(path)).body)).toEqual([1]);
  });

  it("[MSG-2] the sender is the token's user, or is named with a key", async () => {
    expect((await key.post(path, { content: "for bima", user_id: bima.externalId })).body.user_id).toBe(bima.id);
    expect((await key.post(path, { content: "joined", type: "system" })).body).toMatchObject({
      user: null,
      type: "system",
    });
    expect(errorOf(await key.post(path, { content: "by whom?" }))).toEqual(invalid);
    expect(errorOf(await ayu.api.post(path, { content: "x", type: "system" }))).toEqual(invalid);
    expect((await ayu.api.post(path, { content: "mine", user_id: bima.id })).body.user_id).toBe(ayu.id);
    const stranger = await newPerson(key);
    expect(errorOf(await key.post(path, { content: "x", user_id: stranger.id }))).toEqual([403, "NOT_A_MEMBER"]);
    expect(errorOf(await ayu.api.post("/v1/channels/unknown/messages", { content: "x" }))).toEqual([404, "NOT_FOUND"]);
  });

  it("[MSG-5] sizes", async () => {
    expect((await ayu.api.post(path, { content: "é".repeat(4096) })).status).toBe(201);
    expect(errorOf(await ayu.api.post(path, { content: `${"é".repeat(4096)}x` }))).toEqual([413, "MESSAGE_TOO_LARGE"]);
    expect(errorOf(await ayu.api.post(path, { content: "x".repeat(65_536) }))).toEqual([413, "MESSAGE_TOO_LARGE"]);
    for (const body of [{}, { content: "" }, { content: 5 }, { content: "a", mentions: "b" }]) {
      expect(errorOf(await ayu.api.post(path, body)), JSON.stringify(body)).toEqual(invalid);
    }
  });

  it("[MSG-6] text survives answer, history and list", async () => {
    for (const content of [
      "👩‍👩‍👧‍👦🏳️‍🌈",
      "مرحبا שלום",
      "𠜎𠜱",
      "line\nbreak\ttab \u0001",
      "e\u0301 vs é",
      "\u202Ertl",
    ]) {
      expect((await ayu.api.post(path, { content, metadata: { [content]: content } })).body.content).toBe(content);
      const { body } = await bima.api.get(`${path}?limit=1`);
      expect(body.messages[0]).toMatchObject({ content, metadata: { [content]: content } });
      expect((await bima.api.get("/v1/me/channels")).body.channels[0].last_message.content).toBe(content);
    }
  });
});

describe("history", () => {
  it("[MSG-3] has what was acknowledged, at once and every time", async () => {
    for (let seq = 1; seq <= 40; seq++) {
      const sender = seq % 2 === 0 ? ayu : bima;
      expect((await sender.api.post(path, { content: `n${seq}` })).body.seq).toBe(seq);
      const { body } = await bima.api.get(`${path}?limit=5`);
      expect(seqsOf(historySchema().parse(body))[0]).toBe(seq);
      expect(body.from_journal).toBeUndefined();
    }
  });

  it("[MSG-3] by external id too", async () => {
    const { body } = await key.get(`/v1/channels/${channel}`);
    await ayu.api.post(`/v1/channels/${body.external_id}/messages`, { content: "hi" });
    expect((await ayu.api.get(`/v1/channels/${body.external_id}/messages`)).body.messages[0].content).toBe("hi");
  });

  it("[MSG-4] pages hold each message once", async () => {
    await Promise.all(Array.from({ length: 23 }, (_, n) => ayu.api.post(path, { content: `n${n}` })));
    const seen: number[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await bima.api.get(`${path}?limit=5${cursor === "" ? "" : `&before=${cursor}`}`);
      expect(body.has_more).toBe(body.next_cursor !== null);
      seen.push(...seqsOf(body));
      cursor = body.next_cursor;
    }
    expect(seen).toEqual(Array.from({ length: 23 }, (_, n) => 23 - n));
    expect(seqsOf((await bima.api.get(path)).body)).toHaveLength(23);
    expect(errorOf(await bima.api.get(`${path}?limit=101`))).toEqual(invalid);
    expect((await key.get(path)).body.messages).toHaveLength(23);
  });

  it("[MSG-8] shows the idempotency key to its sender only", async () => {
    await ayu.api.post(path, { content: "mine", idempotency_key: "secret" });
    expect((await ayu.api.get(path)).body.messages[0].client_id).toBe("secret");
    expect((await bima.api.get(path)).body.messages[0].client_id).toBeUndefined();
    expect((await key.get(path)).body.messages[0].client_id).toBeUndefined();
  });

  it("[MSG-9] one message by its id, replies with what they quote", async () => {
    const parent = (await ayu.api.post(path, { content: "question" })).body;
    const sent = (await bima.api.post(path, { content: "answer", parent_id: parent.id, mentions: [ayu.externalId] }))
      .body;
    const read = (await ayu.api.get(`${path}/${sent.id}`)).body;
    const { client_id: _, ...withoutKey } = sent;
    expect(messageSchema().parse(read)).toEqual(withoutKey);
    expect(read.quoted_message).toMatchObject({ id: parent.id, content: "question", user_id: ayu.id, deleted: false });
    expect(read.mentions).toEqual([{ user_id: ayu.id, external_id: ayu.externalId, name: "ayu" }]);
    expect(errorOf(await ayu.api.get(`${path}/${randomUUID()}`))).toEqual([404, "NOT_FOUND"]);
    expect(errorOf(await ayu.api.get(`${path}/nothing`))).toEqual(invalid);
    const stranger = await newPerson(key);
    expect(errorOf(await stranger.api.get(`${path}/${sent.id}`))).toEqual([403, "NOT_A_MEMBER"]);
  });
});

describe("my channels", () => {
  it("[ME-1] by latest activity with counts, which reading makes zero", async () => {
    const second = await newGroup(key, [bima, ayu]);
    await ayu.api.post(path, { content: "one" });
    const last = (await ayu.api.post(path, { content: "two" })).body;
    const mine = myChannelListSchema().parse((await bima.api.get("/v1/me/channels")).body);
    expect(mine.channels.map(({ id }) => id)).toEqual([channel, second]);
    expect(mine.channels[0]).toMatchObject({
      unread_count: 2,
      last_seq: 2,
      last_message: { id: last.id },
      last_read_at: null,
    });
    expect(mine.channels[1]).toMatchObject({ unread_count: 0, last_seq: 0, last_message: null });
    expect((await bima.api.get("/v1/me/unread")).body).toEqual({
      total: 2,
      unread_mentions: 0,
      channels: [{ channel_id: channel, unread_count: 2, unread_mentions: 0 }],
    });
    const page = (await bima.api.get("/v1/me/channels?limit=1")).body;
    const rest = (await bima.api.get(`/v1/me/channels?limit=1&cursor=${page.next_cursor}`)).body;
    expect([page.channels[0].id, rest.channels[0].id, rest.next_cursor]).toEqual([channel, second, null]);
    expect((await bima.api.post(`/v1/channels/${channel}/read`)).status).toBe(204);
    expect((await bima.api.get("/v1/me/unread")).body).toEqual({ total: 0, unread_mentions: 0, channels: [] });
    const read = (await bima.api.get("/v1/me/channels")).body.channels[0];
    expect(read.unread_count).toBe(0);
    expect(read.last_read_at).not.toBeNull();
    expect((await ayu.api.get("/v1/me")).body.id).toBe(ayu.id);
  });

  it("[ME-1] a receipt never moves back", async () => {
    const [first] = await Promise.all([ayu.api.post(path, { content: "1" })]);
    await ayu.api.post(path, { content: "2" });
    await bima.api.post(`/v1/channels/${channel}/read`);
    expect((await bima.api.post(`/v1/channels/${channel}/read`, { message_id: first.body.id })).status).toBe(204);
    expect((await bima.api.get("/v1/me/unread")).body.total).toBe(0);
    expect((await bima.api.post(`/v1/channels/${channel}/delivered`, { message_id: first.body.id })).status).toBe(204);
    expect(errorOf(await bima.api.post(`/v1/channels/${channel}/read`, { message_id: "x" }))).toEqual(invalid);
    expect(errorOf(await key.post(`/v1/channels/${channel}/read`))).toEqual([403, "FORBIDDEN"]);
  });
});

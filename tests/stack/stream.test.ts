import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChangedMessage, Message } from "../../src/protocol/message.ts";
import { createClient } from "../../src/sdk/index.ts";
import { Timeline } from "../../src/sdk/timeline.ts";
import { type Caller, createGroup, workspaceCaller } from "../support/group.ts";
import { openSocket, type TestSocket } from "../support/socket.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { StreamReader } from "../support/stream-reader.ts";

/** What a client has understood of a socket's frames. */
function readerOf(socket: TestSocket): StreamReader {
  const reader = new StreamReader();
  for (const frame of socket.frames) reader.take(frame);
  return reader;
}

const WORDS = "A message that is written while others read it: one, two, three – été, 日本語, 👩‍👩‍👧‍👦 and done."
  .split(/(?<= )/)
  .filter(Boolean);

describe("streaming over the whole stack", () => {
  let stack: TestStack;
  let group: Awaited<ReturnType<typeof createGroup>>;
  const base = () => `/v1/channels/${group.channelId}/messages`;

  beforeAll(async () => {
    const plenty = "1000000";
    stack = await startTestStack({
      env: { CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: plenty, CARIOS_RATE_LIMIT_USER_REQUESTS_PER_MINUTE: plenty },
    });
    group = await createGroup(stack, "streams", 3);
  });
  afterAll(() => stack.stop());

  it.each([
    ["an assistant with the workspace key", () => workspaceCaller(stack), { user_id: "streams-0" }],
    ["a user", () => group.member(0), {}],
  ])(
    "[STREAM-1] [STREAM-5] %s writes over REST; readers who come at any moment end with the identical text",
    async (_who, caller, more) => {
      const writer: Caller = caller();
      const sockets = [await openSocket(stack.baseUrl, group.member(1).token, "?batch=1")];
      const opened = await writer.post(base(), { ...more, streaming: true });
      expect(opened).toMatchObject({ status: 201, body: { streaming: true, content: "", edited_at: null } });
      const { id } = opened.body as Message;
      let length = 0;
      let text = "";
      for (const [index, word] of WORDS.entries()) {
        const body = { offset: length, delta: word };
        const added = await writer.post(`${base()}/${id}/stream`, body);
        expect(added).toMatchObject({ status: 200, body: { message_id: id, length: length + word.length } });
        expect((await writer.post(`${base()}/${id}/stream`, body)).body).toEqual(added.body);
        length = added.body.length;
        text += word;
        if (index % 6 === 3) {
          const page = await group.member(2).get(`${base()}?limit=1`);
          expect(page.body.messages[0]).toMatchObject({ id, content: text, streaming: true });
          sockets.push(await openSocket(stack.baseUrl, group.member(2).token, index % 4 === 3 ? "?batch=1" : ""));
        }
      }
      expect((await group.member(1).get(`${base()}/${id}`)).body).toMatchObject({ content: text, streaming: true });
      const mine = await group.member(1).get("/v1/me/channels");
      expect(mine.body.channels[0].last_message).toMatchObject({ id, content: text });
      expect(sockets.length).toBeGreaterThan(2);
      for (const socket of sockets) {
        await expect.poll(() => readerOf(socket).texts.get(id)).toBe(text);
        expect(readerOf(socket).holes).toBe(0);
      }
      const done = await writer.post(`${base()}/${id}/stream/finish`);
      expect(done).toMatchObject({ status: 200, body: { content: text, streaming: false, edited_at: null } });
      expect((await writer.post(`${base()}/${id}/stream/finish`, { content: text })).body).toEqual(done.body);
      for (const socket of sockets) {
        const [update] = await socket.waitFor("message.updated");
        expect(update?.data.message).toMatchObject({ id, content: text, streaming: false });
        await socket.close();
      }
      const after = await group.member(2).get(`${base()}?limit=1`);
      expect(after.body.messages[0]).toMatchObject({ id, content: text, streaming: false, edited_at: null });
    },
  );

  it("[STREAM-2] refusals over REST carry what a writer needs to go on", async () => {
    const ana = group.member(0);
    const { id } = (await ana.post(base(), { content: "abc", streaming: true })).body;
    const path = `${base()}/${id}/stream`;
    expect(await ana.post(path, { offset: 9, delta: "x" })).toMatchObject({
      status: 409,
      body: { error: { code: "CONFLICT", details: [{ path: "length", message: "3" }] } },
    });
    expect((await ana.post(path, { offset: 3, delta: "x".repeat(9_000) })).status).toBe(413);
    expect((await ana.post(path, { offset: 3, delta: "" })).status).toBe(400);
    expect((await ana.post(path, { offset: 3, delta: "\ud83d" })).status).toBe(400);
    expect((await ana.patch(`${base()}/${id}`, { content: "x" })).body.error.code).toBe("CONFLICT");
    expect((await group.member(1).post(path, { offset: 3, delta: "x" })).body.error.code).toBe("NOT_AUTHOR");
    const aborted = await ana.post(`${path}/abort`);
    expect(aborted.body).toMatchObject({ content: "abc", streaming: false, metadata: { stream_end: "aborted" } });
    expect((await ana.post(path, { offset: 3, delta: "d" })).status).toBe(409);
  });

  it("[STREAM-16] over the socket: open, pieces without waiting, finish; a reader resumes in the middle", async () => {
    const writer = await openSocket(stack.baseUrl, group.member(0).token);
    const reader = await openSocket(stack.baseUrl, group.member(1).token);
    const { cursor } = reader;
    const answer = await writer.request("message.send", { channel_id: group.channelId, streaming: true });
    if (answer.type !== "message.ack") throw new Error("not opened");
    const { id } = answer.data.message;
    const ids = { channel_id: group.channelId, message_id: id };
    let text = "";
    const write = (word: string) => {
      const sent = writer.request("message.stream.append", { ...ids, offset: text.length, delta: word });
      text += word;
      return sent;
    };
    const middle = Math.floor(WORDS.length / 2);
    const first = await Promise.all(WORDS.slice(0, middle).map(write));
    expect(first.every((frame) => frame.type === "ok")).toBe(true);
    await reader.close();
    const again = await openSocket(stack.baseUrl, group.member(1).token, "?batch=1");
    again.send({ type: "resume", data: { cursor } });
    await again.waitFor("resumed");
    await Promise.all(WORDS.slice(middle).map(write));
    await expect.poll(() => readerOf(again).texts.get(id)).toBe(text);
    expect((await writer.request("message.stream.finish", ids)).type).toBe("ok");
    await again.waitFor("message.updated");
    expect(readerOf(again)).toMatchObject({ holes: 0 });
    await writer.close();
    await again.close();
  });

  it("[STREAM-3] SIGKILL of workerd loses no acknowledged piece; the author goes on where the answer says", async () => {
    const ana = group.member(0);
    const opened = await ana.post(base(), { streaming: true, idempotency_key: "survivor" });
    const { id } = opened.body as Message;
    const path = `${base()}/${id}/stream`;
    let acknowledged = 0;
    for (const word of ["never ", "lost ", "text "]) {
      const added = await ana.post(path, { offset: acknowledged, delta: word });
      acknowledged = added.body.length;
    }
    void ana.post(path, { offset: acknowledged, delta: "perhaps" }).catch(() => undefined);
    await stack.worker.kill();
    await stack.worker.start();
    const again = (await ana.post(base(), { streaming: true, idempotency_key: "survivor" })).body as Message;
    expect(again).toMatchObject({ id, streaming: true });
    expect(["never lost text ", "never lost text perhaps"]).toContain(again.content);
    await ana.post(path, { offset: acknowledged, delta: "perhaps" });
    const done = (await ana.post(`${path}/finish`)).body as ChangedMessage;
    expect(done).toMatchObject({ content: "never lost text perhaps", streaming: false });
  });

  it("[STREAM-17] with the client library: one writes in small pieces, another's timeline shows the text grow", async () => {
    const clientOf = (index: number) =>
      createClient({ baseUrl: stack.baseUrl, getToken: async () => group.member(index).token });
    const [writer, reader] = [clientOf(0), clientOf(1)];
    writer.connect();
    const stream = await writer.channel(group.channelId).stream({ metadata: { by: "assistant" } });
    const emoji = "👩‍👩‍👧‍👦";
    const text = `${WORDS.join("")}${emoji}`;
    // Code unit by code unit: torn characters are put together.
    for (const unit of text.slice(0, 40).split("")) void stream.append(unit);
    await stream.append("");
    const timeline = new Timeline(reader, group.channelId);
    await timeline.load();
    const shown = () => timeline.get(stream.message.id);
    expect(shown()).toMatchObject({ content: text.slice(0, 40), streaming: true, metadata: { by: "assistant" } });
    reader.connect();
    const seen: string[] = [];
    reader.on("text", ({ message_id, content }) => message_id === stream.message.id && seen.push(content));
    for (const unit of text.slice(40).split("")) {
      void stream.append(unit);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await stream.append("");
    await expect.poll(() => shown()?.content).toBe(text);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.every((content) => text.startsWith(content))).toBe(true);
    await stream.finish();
    await expect.poll(() => shown()).toMatchObject({ content: text, streaming: false });
    await expect(stream.append("more")).rejects.toMatchObject({ code: "CONFLICT" });
    const broken = await writer.channel(group.channelId).stream();
    await broken.append("half");
    await broken.abort();
    await expect
      .poll(() => timeline.get(broken.message.id))
      .toMatchObject({
        content: "half",
        metadata: { stream_end: "aborted" },
      });
    timeline.close();
    writer.close();
    reader.close();
  });

  it("[BATCH-2] a busy workspace's clients with batch=1 get every event once and in order, in fewer frames", async () => {
    const crowd = await createGroup(stack, "crowd", 7);
    // So many sockets that one message alone is a busy moment; every tenth of them does not take batches. One user may have 20, the writer's too.
    const sockets = await Promise.all(
      Array.from({ length: 6 * 19 }, (_, n) =>
        openSocket(stack.baseUrl, crowd.member(1 + (n % 6)).token, n % 10 === 9 ? "" : "?batch=1"),
      ),
    );
    const takers = sockets.filter((_, n) => n % 10 !== 9);
    const hasBatch = (socket: TestSocket) => socket.frames.some((frame) => frame.type === "batch");
    const seqs = (socket: TestSocket) =>
      socket.frames
        .flatMap((frame) => (frame.type === "batch" ? frame.data.events : [frame]))
        .flatMap((frame) => (frame.type === "message.created" ? [frame.data.message.seq] : []));
    let count = 0;
    // On a machine that is slow enough each message has a commit and a turn to itself, and there is nothing to batch: then once more.
    for (let member = 0; member < 6 && !takers.every(hasBatch); member++) {
      const writer = await openSocket(stack.baseUrl, crowd.member(member).token);
      const sends = Array.from({ length: 30 }, (_, n) =>
        writer.request("message.send", { channel_id: crowd.channelId, content: `m${n}` }),
      );
      for (const answer of await Promise.all(sends)) expect(answer.type).toBe("message.ack");
      count += sends.length;
      for (const socket of sockets) await expect.poll(() => seqs(socket).length, { timeout: 10_000 }).toBe(count);
      await writer.close();
    }
    const expected = Array.from({ length: count }, (_, n) => n + 1);
    for (const [n, socket] of sockets.entries()) {
      expect(seqs(socket)).toEqual(expected);
      expect(hasBatch(socket)).toBe(n % 10 !== 9);
    }
    await Promise.all(sockets.map((socket) => socket.close()));
  });
});

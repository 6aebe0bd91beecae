import { describe, expect, it } from "vitest";
import type { HubSql } from "../../../durable-objects/hub/storage.ts";
import type { HubResult } from "../../../src/domain/hub-contract.ts";
import type { ChangedMessage, Message } from "../../../src/protocol/message.ts";
import type { StreamPlace } from "../../../src/protocol/stream.ts";
import { createRig, creation, nodeSql, type RigOptions, uuid } from "../../support/hub-rig.ts";
import { StreamReader } from "../../support/stream-reader.ts";

const channel = uuid("channel", 1);
const [ana, budi, cici, stranger] = [uuid("user", 1), uuid("user", 2), uuid("user", 3), uuid("user", 9)];

type Rig = ReturnType<typeof createRig>;

async function rigWithChannel(options: RigOptions = {}) {
  const rig = createRig(options);
  await rig.hub.applyChannel(channel, 1, creation(1, 3));
  await rig.runtime.advance(300);
  return rig;
}

const open = (rig: Rig, content = "", more = {}): Promise<Message> =>
  rig.send(channel, ana, content, { streaming: true, ...more });

function append(rig: Rig, messageId: string, offset: number, delta: string, userId = ana) {
  return rig.hub.streamWriter.append({ channel, messageId, actor: { userId }, offset, delta });
}

/** Appends and lets the checkpoint come. */
async function appended(rig: Rig, messageId: string, offset: number, delta: string): Promise<HubResult<StreamPlace>> {
  const answer = append(rig, messageId, offset, delta);
  await rig.runtime.advance(250);
  return answer;
}

function finish(rig: Rig, messageId: string, content?: string, userId = ana): Promise<HubResult<ChangedMessage>> {
  const given = content === undefined ? {} : { content };
  return rig.hub.streamWriter.end({ channel, messageId, actor: { userId }, ...given });
}

function codeOf(result: HubResult<unknown>): string {
  return result.ok ? "ok" : result.error.code;
}

/** Counts the statements that write. */
function countingSql(): HubSql & { writes: string[] } {
  const sql = nodeSql();
  const writes: string[] = [];
  return {
    ...sql,
    writes,
    run(query, ...params) {
      writes.push(query.trim());
      sql.run(query, ...params);
    },
  };
}

describe("streaming a message", () => {
  it("[STREAM-1] members see it open, grow and end; the end is not an edit", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi);
    const message = await open(rig, "Once");
    expect(message).toMatchObject({ streaming: true, content: "Once" });
    await appended(rig, message.id, 4, " upon");
    await appended(rig, message.id, 9, " a time");
    const done = await finish(rig, message.id);
    await rig.runtime.advance(10);
    expect(done).toMatchObject({ ok: true, value: { content: "Once upon a time", streaming: false, edited_at: null } });
    expect(socket.messages[0]).toMatchObject({ id: message.id, streaming: true, content: "Once" });
    expect(socket.of("message.delta").map(({ data }) => [data.offset, data.delta])).toEqual([
      [4, " upon"],
      [9, " a time"],
    ]);
    expect(socket.of("message.updated").map(({ data }) => data.message)).toMatchObject([
      { id: message.id, content: "Once upon a time", streaming: false, edited_at: null },
    ]);
    await rig.runtime.advance(1_000);
    expect(rig.archive.rows).toMatchObject([{ content: "Once upon a time", streaming: false, edited_at: null }]);
    expect(socket.frames.at(-1)?.type).toBe("message.updated");
  });

  it("[STREAM-2] a piece may be repeated, also cut differently; a hole or another text is a conflict with the length", async () => {
    const rig = await rigWithChannel();
    const { id } = await open(rig);
    expect(await appended(rig, id, 0, "abc")).toEqual({ ok: true, value: { message_id: id, length: 3 } });
    expect(await appended(rig, id, 0, "abc")).toEqual({ ok: true, value: { message_id: id, length: 3 } });
    expect(await appended(rig, id, 1, "bcd")).toEqual({ ok: true, value: { message_id: id, length: 4 } });
    for (const wrong of [await append(rig, id, 5, "x"), await append(rig, id, 3, "x")]) {
      expect(wrong).toMatchObject({
        ok: false,
        error: { code: "CONFLICT", details: [{ path: "length", message: "4" }] },
      });
    }
    expect(await finish(rig, id)).toMatchObject({ ok: true, value: { content: "abcd" } });
  });

  it("[STREAM-3] an acknowledged piece outlives the process", async () => {
    const rig = await rigWithChannel();
    const { id } = await open(rig);
    let acknowledged = false;
    void append(rig, id, 0, "kept").then(() => {
      acknowledged = true;
    });
    await rig.runtime.advance(150);
    expect(acknowledged).toBe(false);
    await rig.runtime.advance(100);
    expect(acknowledged).toBe(true);
    // Another object on the same storage; Postgres is away, and the finish still works.
    rig.archive.up = false;
    const { sql, runtime, archive, snapshots } = rig;
    const woken = createRig({ sql, runtime, archive, snapshots });
    expect(codeOf(await append(woken, id, 9, "x"))).toBe("CONFLICT");
    await appended(woken, id, 4, " too");
    expect(await finish(woken, id)).toMatchObject({ ok: true, value: { content: "kept too", streaming: false } });
  });

  it("[STREAM-5] who connects or resumes midway gets the text so far, then the rest", async () => {
    const rig = await rigWithChannel();
    const before = await rig.connect(cici);
    const { id } = await open(rig, "a");
    await appended(rig, id, 1, "b");
    const cursor = before.socket.of("connection.ready")[0]?.data.cursor;
    const late = await rig.connect(budi);
    const resumed = await rig.connect(cici, { held: true });
    await resumed.say({ type: "resume", data: { cursor } });
    const types = resumed.socket.frames.map((frame) => frame.type);
    expect(types).toEqual(["connection.ready", "message.created", "resumed", "message.delta"]);
    await appended(rig, id, 2, "c");
    for (const { socket } of [late, resumed]) {
      const reader = new StreamReader();
      for (const frame of socket.frames) reader.take(frame);
      expect([reader.texts.get(id), reader.holes]).toEqual(["abc", 0]);
    }
    const outsider = await rig.connect(stranger);
    expect(outsider.socket.of("message.delta")).toEqual([]);
  });

  it("[STREAM-5] who joins the channel midway gets the text so far, behind the news of having joined", async () => {
    const rig = await rigWithChannel();
    const { id } = await open(rig);
    await appended(rig, id, 0, "already here");
    const { socket } = await rig.connect(stranger);
    const joined = {
      ...creation(1, 3),
      version: 2,
      users: [],
      joined: [] as { user_id: string; role: null; joined_at: string }[],
    };
    joined.users.push({ id: stranger, external_id: "s", name: "S", avatar_url: null, version: 1 } as never);
    joined.joined.push({ user_id: stranger, role: null, joined_at: "2026-01-01T00:00:01.000Z" });
    await rig.hub.applyChannel(channel, 2, joined);
    await rig.runtime.advance(10);
    expect(socket.frames.slice(1)).toMatchObject([
      { type: "member.joined" },
      { type: "message.delta", data: { message_id: id, offset: 0, delta: "already here" } },
    ]);
  });

  it("[STREAM-6] pieces of one turn are one frame, and a stream costs a bounded number of rows however many pieces it has", async () => {
    const sql = countingSql();
    const rig = await rigWithChannel({ sql });
    const { socket } = await rig.connect(budi);
    const { id } = await open(rig);
    await rig.runtime.advance(2_500);
    const before = sql.writes.length;
    let offset = 0;
    const answers: Promise<HubResult<StreamPlace>>[] = [];
    // Ten seconds at 40 pieces a second.
    for (let turn = 0; turn < 200; turn++) {
      for (const piece of ["x", "y"]) answers.push(append(rig, id, offset++, piece));
      await rig.runtime.advance(50);
    }
    await rig.runtime.advance(300);
    expect((await Promise.all(answers)).every((answer) => answer.ok)).toBe(true);
    const checkpoints = sql.writes.slice(before).filter((query) => query.startsWith("UPDATE streams"));
    expect(checkpoints.length).toBeLessThanOrEqual(51);
    expect(sql.writes.length - before).toBe(checkpoints.length);
    expect(socket.of("message.delta").length).toBeLessThanOrEqual(201);
    expect(socket.of("message.delta").every(({ data }) => data.delta.length >= 2)).toBe(true);
    await finish(rig, id);
    expect(sql.writes.slice(before).filter((query) => !query.startsWith("UPDATE streams"))).toHaveLength(2);
    expect(sql.all(`SELECT * FROM streams`)).toEqual([]);
  });

  it("[STREAM-7] a stream without a piece for 60 s is closed by alarm with what there is, marked, also after an eviction", async () => {
    const rig = await rigWithChannel();
    const { id } = await open(rig);
    await appended(rig, id, 0, "half a sent");
    const { sql, runtime, archive, snapshots } = rig;
    const woken = createRig({ sql, runtime, archive, snapshots });
    const { socket } = await woken.connect(budi);
    await runtime.advance(58_000);
    await woken.hub.alarm();
    expect(socket.of("message.updated")).toEqual([]);
    expect(runtime.alarmAt).toBeLessThanOrEqual(runtime.now() + 2_000);
    await runtime.advance(3_000);
    await woken.hub.alarm();
    await runtime.advance(10);
    expect(socket.of("message.updated")[0]?.data.message).toMatchObject({
      content: "half a sent",
      streaming: false,
      edited_at: null,
      metadata: { stream_end: "abandoned" },
    });
    expect(codeOf(await append(woken, id, 11, "ence"))).toBe("CONFLICT");
    // The pieces that it had are still no error.
    expect(codeOf(await append(woken, id, 0, "half"))).toBe("ok");
  });

  it("[STREAM-7] a stream that goes on and on is closed after an hour", async () => {
    const rig = await rigWithChannel();
    const { id } = await open(rig);
    for (let minute = 0; minute < 61; minute++) {
      await appended(rig, id, minute, "x");
      await rig.runtime.advance(59_000);
      await rig.hub.alarm();
    }
    expect(codeOf(await append(rig, id, 61, "x"))).toBe("CONFLICT");
  });

  it("[STREAM-8] only the author writes; others and other channels are refused", async () => {
    const rig = await rigWithChannel();
    const { id } = await open(rig);
    expect(codeOf(await append(rig, id, 0, "x", budi))).toBe("NOT_AUTHOR");
    expect(codeOf(await append(rig, id, 0, "x", stranger))).toBe("NOT_A_MEMBER");
    expect(codeOf(await finish(rig, id, "x", budi))).toBe("NOT_AUTHOR");
    expect(codeOf(await append(rig, uuid("user", 77), 0, "x"))).toBe("NOT_FOUND");
    const byKey = rig.hub.streamWriter.append({
      channel,
      messageId: id,
      actor: { workspace: true },
      offset: 0,
      delta: "k",
    });
    await rig.runtime.advance(250);
    expect(codeOf(await byKey)).toBe("ok");
  });

  it("[STREAM-9] a text that grows too large, or too fast, is refused and the stream stays open to be finished", async () => {
    const rig = await rigWithChannel();
    const { id } = await open(rig, "x".repeat(8 * 1024 - 2));
    expect(codeOf(await append(rig, id, 8 * 1024 - 2, "é!"))).toBe("MESSAGE_TOO_LARGE");
    const answers: HubResult<StreamPlace>[] = [];
    for (let n = 0; n < 120; n++) answers.push(await append(rig, id, 0, "x"));
    expect(answers.filter((answer) => codeOf(answer) === "RATE_LIMITED").length).toBeGreaterThan(10);
    expect(codeOf(await finish(rig, id, "y".repeat(8 * 1024 + 1)))).toBe("MESSAGE_TOO_LARGE");
    expect(await finish(rig, id, "short")).toMatchObject({ ok: true, value: { content: "short" } });
  });

  it("[STREAM-9] a user may have 20 streams open", async () => {
    const rig = await rigWithChannel();
    const first = await open(rig);
    for (let n = 1; n < 20; n++) await open(rig);
    await expect(open(rig)).rejects.toThrow("RATE_LIMITED");
    await finish(rig, first.id, "done");
    await open(rig);
  });

  it("[STREAM-10] finish and abort may be repeated; an empty text cannot be finished, only aborted", async () => {
    const rig = await rigWithChannel();
    const { id } = await open(rig);
    expect(codeOf(await finish(rig, id))).toBe("VALIDATION_ERROR");
    const aborted = await rig.hub.streamWriter.end({ channel, messageId: id, actor: { userId: ana }, aborted: true });
    expect(aborted).toMatchObject({
      ok: true,
      value: { content: "", streaming: false, metadata: { stream_end: "aborted" } },
    });
    expect(await finish(rig, id)).toEqual(aborted);
    const head = rig.hub.journal.head;
    const other = await open(rig, "text");
    const done = await finish(rig, other.id, "whole text");
    expect(await finish(rig, other.id, "whole text")).toEqual(done);
    expect(codeOf(await finish(rig, other.id, "something else"))).toBe("CONFLICT");
    expect(rig.hub.journal.head).toBe(head + 2);
  });

  it("[STREAM-11] an unsend ends the stream and leaves nothing of it; an edit must wait for its end", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi);
    const { id } = await open(rig);
    await appended(rig, id, 0, "the secret is 4711");
    const edit = await rig.hub.messageChanges.edit({
      channel,
      messageId: id,
      actor: { userId: ana },
      body: { content: "x" },
    });
    expect(codeOf(edit)).toBe("CONFLICT");
    void append(rig, id, 18, " and more");
    await rig.hub.messageChanges.unsend({ channel, messageId: id, actor: { userId: ana } });
    await rig.runtime.advance(500);
    expect(codeOf(await append(rig, id, 18, " and more"))).toBe("NOT_FOUND");
    expect(socket.frames.at(-1)).toMatchObject({
      type: "message.deleted",
      data: { message: { content: "", streaming: false } },
    });
    const left = JSON.stringify([
      rig.sql.all(`SELECT * FROM streams`),
      rig.sql.all(`SELECT * FROM journal`),
      rig.archive.rows,
    ]);
    expect(left).not.toContain("4711");
  });

  it("[STREAM-12] a stream ends when its author leaves the channel", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi);
    const { id } = await open(rig);
    await appended(rig, id, 0, "I was about to");
    await rig.hub.applyChannel(channel, 2, { ...creation(1, 3), version: 2, users: [], joined: [], left: [ana] });
    await rig.runtime.advance(10);
    expect(socket.frames.slice(-2)).toMatchObject([
      { type: "member.left" },
      {
        type: "message.updated",
        data: { message: { content: "I was about to", metadata: { stream_end: "author_left" } } },
      },
    ]);
    expect(codeOf(await append(rig, id, 14, "x"))).toBe("NOT_A_MEMBER");
  });

  it("[STREAM-13] opening again with the same key answers with the text so far, so that a restarted author goes on", async () => {
    const rig = await rigWithChannel();
    const { id } = await open(rig, "", { idempotency_key: "k" });
    await appended(rig, id, 0, "so far");
    expect(await open(rig, "", { idempotency_key: "k" })).toMatchObject({ id, content: "so far", streaming: true });
    await finish(rig, id, "whole");
    expect(await open(rig, "", { idempotency_key: "k" })).toMatchObject({ id, content: "whole", streaming: false });
  });

  it("[STREAM-14] a pin, a quote and the journal's page tell of as much text as members have, also after an eviction", async () => {
    const rig = await rigWithChannel();
    const { id } = await open(rig);
    await appended(rig, id, 0, "so far");
    await rig.hub.messageChanges.pin({ channel, messageId: id, actor: { userId: ana }, pinned: true });
    await rig.runtime.advance(1_000);
    const { sql, runtime, archive, snapshots } = rig;
    const woken = createRig({ sql, runtime, archive, snapshots });
    const [current] = await woken.hub.currentMessages([{ channelId: channel, messageId: id }]);
    expect(current).toMatchObject({ content: "so far", streaming: true, pinned_at: expect.any(String) });
    const reply = await woken.send(channel, budi, "go on", { parent_id: id });
    expect(reply.quoted_message?.content).toBe("so far");
    const page = woken.hub.journalPage({ channel, limit: 10 });
    expect(page).toMatchObject({ ok: true, value: { messages: [{}, { id, content: "so far" }] } });
    // The end keeps the pin.
    expect(await finish(woken, id)).toMatchObject({
      ok: true,
      value: { pinned_at: expect.any(String), content: "so far" },
    });
    expect(woken.hub.journalPage({ channel, limit: 10 })).toMatchObject({
      value: { messages: [{}, { id, content: "so far", streaming: false }] },
    });
  });

  it("[STREAM-15] with moderation, members see whole words that pass, and the whole is judged at the end", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi);
    const { moderation, ...others } = rig.hub.settings.current;
    const rules = { ...moderation, enabled: true, blocklist: ["grawlix"] };
    const profanity = { enabled: true, action: "mask" } as const;
    rig.hub.settings.apply(5, { ...others, moderation: { ...rules, profanity } });
    const { id } = await open(rig);
    await appended(rig, id, 0, "what a gra");
    await appended(rig, id, 10, "wlix it ");
    await appended(rig, id, 18, "is");
    expect(socket.of("message.delta").map(({ data }) => data.delta)).toEqual(["what a "]);
    expect(await finish(rig, id)).toMatchObject({ ok: true, value: { content: "what a *** it is" } });
    rig.hub.settings.apply(6, { ...others, moderation: { ...rules, profanity: { enabled: true, action: "reject" } } });
    const other = await open(rig);
    await appended(rig, other.id, 0, "grawlix");
    expect(codeOf(await finish(rig, other.id))).toBe("MESSAGE_REJECTED");
    await rig.runtime.advance(500);
    expect(socket.of("message.updated").at(-1)?.data.message).toMatchObject({
      content: "",
      streaming: false,
      metadata: { stream_end: "rejected" },
    });
    expect(JSON.stringify(socket.frames)).not.toContain("grawlix");
  });

  it("[STREAM-16] the socket's frames do the same as the calls", async () => {
    const rig = await rigWithChannel();
    const writer = await rig.connect(ana);
    await writer.say({ type: "message.send", id: "o", data: { channel_id: channel, streaming: true } });
    const message = writer.socket.of("message.ack")[0]?.data.message;
    const ids = { channel_id: channel, message_id: message?.id };
    const said = writer.say({ type: "message.stream.append", id: "a", data: { ...ids, offset: 0, delta: "hi" } });
    await rig.runtime.advance(250);
    await said;
    await writer.say({ type: "message.stream.append", id: "b", data: { ...ids, offset: 7, delta: "hi" } });
    await writer.say({ type: "message.stream.finish", id: "c", data: ids });
    await rig.runtime.advance(10);
    expect(writer.socket.of("ok").map((frame) => frame.id)).toEqual(["a", "c"]);
    expect(writer.socket.of("error")).toMatchObject([{ id: "b", data: { code: "CONFLICT" } }]);
    expect(writer.socket.of("message.updated")[0]?.data.message).toMatchObject({ content: "hi", streaming: false });
  });
});

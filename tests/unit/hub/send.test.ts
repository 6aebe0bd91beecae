import { describe, expect, it } from "vitest";
import { createRig, creation, FakeRuntime, settleMicrotasks, uuid } from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const [ana, budi, stranger] = [uuid("user", 1), uuid("user", 2), uuid("user", 9)];

async function rigWithChannel(options = {}) {
  const rig = createRig(options);
  await rig.hub.applyChannel(channel, 1, creation(1, 3));
  await rig.runtime.advance(300);
  return rig;
}

describe("sending", () => {
  it("[SEND-1] gives each message of a channel the next seq", async () => {
    const rig = await rigWithChannel();
    await rig.hub.applyChannel(uuid("channel", 2), 1, creation(2, 2));
    const seqs = [];
    for (const target of [1, 2, 1, 1, 2]) seqs.push((await rig.send(uuid("channel", target), ana, "hi")).seq);
    expect(seqs).toEqual([1, 1, 2, 3, 2]);
  });

  it("[SEND-2] answers a used idempotency key with the message of then, and fans out once", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi);
    const first = await rig.send(channel, ana, "once", { idempotency_key: "k1" });
    const again = await rig.send(channel, ana, "other words", { idempotency_key: "k1" });
    const other = await rig.send(channel, budi, "mine", { idempotency_key: "k1" });
    await rig.runtime.advance(10);
    expect(again).toEqual(first);
    expect(other.id).not.toBe(first.id);
    expect(socket.messages.map((message) => message.content)).toEqual(["once", "mine"]);
  });

  it("[SEND-2] remembers idempotency keys across a wake", async () => {
    const rig = await rigWithChannel();
    const first = await rig.send(channel, ana, "once", { idempotency_key: "k1" });
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    expect(await woken.send(channel, ana, "once", { idempotency_key: "k1" })).toEqual(first);
    expect((await woken.send(channel, ana, "next")).seq).toBe(2);
  });

  it("[SEND-3] shows the idempotency key to the sender's own connections only", async () => {
    const rig = await rigWithChannel();
    const own = await rig.connect(ana);
    const other = await rig.connect(budi);
    await own.say({
      type: "message.send",
      id: "r1",
      data: { channel_id: channel, content: "hi", idempotency_key: "k1" },
    });
    await rig.runtime.advance(10);
    expect(own.socket.of("message.ack")[0]).toMatchObject({
      id: "r1",
      data: { id: "r1", message: { client_id: "k1" } },
    });
    expect(own.socket.messages[0]).toMatchObject({ client_id: "k1" });
    expect(other.socket.messages[0]).not.toHaveProperty("client_id");
  });

  it("[SEND-4] acknowledges before it fans out", async () => {
    const rig = await rigWithChannel();
    const own = await rig.connect(ana);
    await own.say({ type: "message.send", id: "r1", data: { channel_id: channel, content: "hi" } });
    expect(own.socket.frames.map((frame) => frame.type)).toEqual(["connection.ready", "message.ack"]);
    await rig.runtime.advance(10);
    expect(own.socket.frames.map((frame) => frame.type)).toEqual([
      "connection.ready",
      "message.ack",
      "message.created",
    ]);
  });

  it("[SEND-16] delivers with each commit, behind a steady stream of sends too", async () => {
    const runtime = new FakeRuntime();
    const ends: (() => void)[] = [];
    let isSlow = false;
    runtime.durable = () => (isSlow ? new Promise((resolve) => ends.push(resolve)) : settleMicrotasks());
    const rig = await rigWithChannel({ runtime });
    const { socket } = await rig.connect(budi);
    isSlow = true;
    const contents = () => socket.messages.map((message) => message.content);
    const commit = async () => {
      for (const end of ends.splice(0)) end();
      await settleMicrotasks();
    };
    const sends = [rig.send(channel, ana, "a"), rig.send(channel, ana, "b"), rig.send(channel, ana, "c")];
    await settleMicrotasks();
    expect(contents()).toEqual([]);
    await commit();
    sends.push(rig.send(channel, ana, "d"));
    // "b" and "c" are being written, and "d" waits behind them.
    expect(contents()).toEqual(["a"]);
    await commit();
    expect(contents()).toEqual(["a", "b", "c"]);
    await commit();
    expect(contents()).toEqual(["a", "b", "c", "d"]);
    await commit();
    await Promise.all(sends);
    expect(contents()).toHaveLength(4);
  });

  it.each([
    ["[SEND-5] not a member", stranger, { content: "hi" }, "NOT_A_MEMBER"],
    ["[SEND-6] too large, counted in bytes", ana, { content: "é".repeat(4097) }, "MESSAGE_TOO_LARGE"],
    ["[SEND-7] empty", ana, { content: "  " }, "VALIDATION_ERROR"],
    ["[SEND-7] nothing at all", ana, {}, "VALIDATION_ERROR"],
    ["[FILE-4] an attachment from elsewhere", ana, { attachment_url: "https://evil.test/a.png" }, "VALIDATION_ERROR"],
    [
      "[FILE-4] an attachment that climbs out of the store",
      ana,
      { attachment_url: "https://files.example.test/chat/../x.png" },
      "VALIDATION_ERROR",
    ],
    [
      "[FILE-4] an attachment of a look-alike host",
      ana,
      { attachment_url: "https://files.example.test/chatter/x.png" },
      "VALIDATION_ERROR",
    ],
    ["[SEND-8] a system message of a user", ana, { content: "hi", type: "system" as const }, "VALIDATION_ERROR"],
    ["[SEND-9] a mention of a stranger", ana, { content: "hi", mentions: ["user-9"] }, "VALIDATION_ERROR"],
    ["[SEND-10] a reply to nothing", ana, { content: "hi", parent_id: uuid("user", 77) }, "VALIDATION_ERROR"],
  ])("%s is refused and leaves nothing behind", async (_name, userId, body, code) => {
    const rig = await rigWithChannel();
    const head = rig.hub.journal.head;
    const result = await rig.hub.send({ channel, sender: { userId }, body });
    expect(result).toMatchObject({ ok: false, error: { code } });
    expect(rig.hub.journal.head).toBe(head);
  });

  it("[SEND-11] refuses a membership violation before anything else", async () => {
    const rig = await rigWithChannel();
    const body = { content: "x".repeat(9000), attachment_url: "nonsense" };
    expect(await rig.hub.send({ channel, sender: { userId: stranger }, body })).toMatchObject({
      error: { code: "NOT_A_MEMBER" },
    });
    expect(await rig.hub.send({ channel, sender: { userId: ana }, body })).toMatchObject({
      error: { code: "MESSAGE_TOO_LARGE" },
    });
  });

  it("[SEND-12] takes internal and external ids for channel and sender", async () => {
    const rig = await rigWithChannel();
    const result = await rig.hub.send({ channel: "channel-1", sender: { userRef: "user-2" }, body: { text: "hi" } });
    expect(result.ok).toBe(true);
    const unknown = await rig.hub.send({ channel: "channel-77", sender: { userId: ana }, body: { text: "hi" } });
    expect(unknown).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  });

  it("[SEND-10] quotes the message that a reply answers", async () => {
    const rig = await rigWithChannel();
    const parent = await rig.send(channel, ana, "👩‍👩‍👧".repeat(100));
    const reply = await rig.send(channel, budi, "yes", { parent_id: parent.id });
    expect(reply.parent_id).toBe(parent.id);
    expect(reply.quoted_message).toMatchObject({ id: parent.id, user_name: "User 1", deleted: false });
    expect(reply.quoted_message?.content.isWellFormed()).toBe(true);
  });

  it("[SEND-13] goes on while Postgres is away, also after a wake", async () => {
    const rig = await rigWithChannel();
    rig.archive.up = false;
    await rig.send(channel, ana, "one");
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    expect((await woken.send(channel, ana, "two")).seq).toBe(2);
  });

  it("[SEND-14] learns an unknown channel from Postgres at the first send, with the seq that Postgres has", async () => {
    const rig = createRig();
    const { channel: info, joined, users } = creation(1, 2);
    rig.snapshots.set(channel, {
      channel: info,
      version: 7,
      last_seq: 41,
      last_message_id: uuid("user", 500),
      deleted: false,
      users,
      members: joined.map((one) => ({ ...one, read_seq: 3, delivered_seq: 3 })),
    });
    const sends = await Promise.all([rig.send(channel, ana, "a"), rig.send(channel, ana, "b")]);
    expect(sends.map((message) => message.seq)).toEqual([42, 43]);
    expect(rig.loads).toEqual([channel]);
  });
});

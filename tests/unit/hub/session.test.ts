import { describe, expect, it } from "vitest";
import { createRig, creation, FakeSocket, uuid, WORKSPACE } from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const [ana, budi, cici, stranger] = [uuid("user", 1), uuid("user", 2), uuid("user", 3), uuid("user", 9)];

async function rigWithChannel(members = 3, options = {}) {
  const rig = createRig(options);
  await rig.hub.applyChannel(channel, 1, creation(1, members));
  await rig.runtime.advance(300);
  return rig;
}

describe("sockets", () => {
  it("[SOCK-1] greets with connection.ready at once", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(ana, { held: true });
    expect(socket.frames[0]).toMatchObject({
      type: "connection.ready",
      data: { user_id: ana, workspace_id: WORKSPACE, heartbeat_seconds: 30, cursor: expect.any(String) },
    });
  });

  it("[SOCK-2] delivers each message to all connections of all members, the sender's too, and to nobody else", async () => {
    const rig = await rigWithChannel();
    const [a1, a2, b, x] = [
      await rig.connect(ana),
      await rig.connect(ana),
      await rig.connect(budi),
      await rig.connect(stranger),
    ];
    await rig.send(channel, ana, "hi");
    await rig.runtime.advance(10);
    expect([a1, a2, b, x].map(({ socket }) => socket.messages.length)).toEqual([1, 1, 1, 0]);
  });

  it.each([
    ["[SOCK-3] invalid JSON", "{", "VALIDATION_ERROR"],
    ["[SOCK-3] not an object", "[1]", "VALIDATION_ERROR"],
    ["[SOCK-3] no type", '{"data":{}}', "VALIDATION_ERROR"],
    ["[SOCK-3] unknown type", '{"type":"nope","id":"7"}', "VALIDATION_ERROR"],
    ["[SOCK-3] a name of Object's prototype", '{"type":"constructor"}', "VALIDATION_ERROR"],
    ["[SOCK-3] wrong data", '{"type":"message.send","id":"7","data":{"channel_id":5}}', "VALIDATION_ERROR"],
    [
      "[TEXT-1] NUL",
      `{"type":"message.send","data":{"channel_id":"${channel}","content":"a\\u0000"}}`,
      "VALIDATION_ERROR",
    ],
    [
      "[TEXT-1] lone surrogate",
      `{"type":"message.send","data":{"channel_id":"${channel}","content":"\\ud83d"}}`,
      "VALIDATION_ERROR",
    ],
    [
      "[SOCK-3] a sender that is not oneself is ignored",
      `{"type":"message.send","data":{"channel_id":"x","content":"a","user_id":"b"}}`,
      "NOT_FOUND",
    ],
  ])("%s is answered with an error and keeps the connection", async (_name, text, code) => {
    const rig = await rigWithChannel();
    const { socket, say } = await rig.connect(ana);
    await say(text);
    const [error] = socket.of("error");
    expect(error?.data.code).toBe(code);
    if (text.includes('"7"')) expect(error).toMatchObject({ id: "7", data: { id: "7" } });
    await say({ type: "message.send", id: "r", data: { channel_id: channel, content: "still here" } });
    expect(socket.of("message.ack")).toHaveLength(1);
  });

  it("[SOCK-4] refuses binary frames and closes on frames over 32 KiB", async () => {
    const rig = await rigWithChannel();
    const { socket, connection } = await rig.connect(ana);
    if (connection === undefined) throw new Error("not connected");
    await rig.sessions.receive(connection, new ArrayBuffer(4));
    expect(socket.of("error")[0]?.data.code).toBe("VALIDATION_ERROR");
    await rig.sessions.receive(connection, `{"type":"ping","data":"${"é".repeat(17_000)}"}`);
    expect(socket.closedWith).toBe(1009);
  });

  it("[SOCK-5] answers any spelling of ping", async () => {
    const rig = await rigWithChannel();
    const { socket, say } = await rig.connect(ana);
    await say(' { "type" : "ping", "id": "p1" } ');
    expect(socket.of("pong")[0]).toEqual({ type: "pong", id: "p1" });
  });

  it("[SOCK-6] drops frames over 20 a second with an error, and closes a connection that keeps on for 10 s", async () => {
    const rig = await rigWithChannel();
    const { socket, say } = await rig.connect(ana);
    for (let n = 0; n < 50; n++) await say({ type: "ping", id: `p${n}` });
    expect(socket.of("pong")).toHaveLength(40);
    expect(socket.of("error").every((error) => error.data.code === "RATE_LIMITED")).toBe(true);
    expect(socket.of("error")[0]?.id).toBe("p40");
    await rig.runtime.advance(2_000);
    await say({ type: "ping" });
    expect(socket.of("pong")).toHaveLength(41);
    for (let n = 0; n < 600 && socket.closedWith === undefined; n++) {
      await rig.runtime.advance(20);
      await say({ type: "ping" });
    }
    expect(socket.closedWith).toBe(4029);
  });

  it("[SOCK-7] closes after 90 s of silence; pings, also those that never wake the hub, keep it open", async () => {
    const rig = await rigWithChannel();
    const silent = await rig.connect(ana);
    const pinging = await rig.connect(budi);
    for (let n = 0; n < 12; n++) {
      await rig.runtime.advance(10_000);
      pinging.socket.autoResponse = rig.runtime.time;
      if ((rig.runtime.alarmAt ?? Number.POSITIVE_INFINITY) <= rig.runtime.time) await rig.hub.alarm();
    }
    expect(silent.socket.closedWith).toBe(4008);
    expect(pinging.socket.closedWith).toBeUndefined();
  });

  it("[SOCK-7] a frame that is not the exact ping counts as life, also across a wake", async () => {
    const rig = await rigWithChannel();
    const { socket, say } = await rig.connect(ana);
    await rig.runtime.advance(80_000);
    await say({ type: "ping", id: "1" });
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime });
    if (socket.stored === undefined) throw new Error("nothing stored");
    woken.sessions.restore(socket, socket.stored);
    await rig.runtime.advance(60_000);
    await woken.hub.alarm();
    expect(socket.closedWith).toBeUndefined();
    await rig.runtime.advance(40_000);
    await woken.hub.alarm();
    expect(socket.closedWith).toBe(4008);
  });

  it("[SOCK-8] closes when the token expires", async () => {
    const rig = await rigWithChannel();
    const socket = new FakeSocket();
    rig.sessions.open(socket, { userId: ana, workspaceId: WORKSPACE, tokenExpiresAt: rig.runtime.time + 60_000 });
    await rig.runtime.advance(60_000);
    expect(rig.runtime.alarmAt).toBeLessThanOrEqual(rig.runtime.time);
    await rig.hub.alarm();
    expect(socket.closedWith).toBe(4001);
  });

  it("[SOCK-9] allows 20 connections of a user; half-open ones make room", async () => {
    const rig = await rigWithChannel();
    const sockets = [];
    for (let n = 0; n < 21; n++) sockets.push((await rig.connect(ana)).socket);
    expect(sockets.map((socket) => socket.closedWith).filter(Boolean)).toEqual([4010]);
    await rig.runtime.advance(46_000);
    const { socket } = await rig.connect(ana);
    expect(socket.closedWith).toBeUndefined();
  });

  it("[SOCK-10] closes a removed user's connections and lets it open no more", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(ana);
    rig.hub.removeUser(ana);
    expect(socket.closedWith).toBe(4003);
    expect((await rig.connect(ana)).socket.closedWith).toBe(4003);
  });

  it("[TYPE-1] passes typing to the other members, repeats at most every 2.5 s, stores nothing", async () => {
    const rig = await rigWithChannel();
    const a = await rig.connect(ana);
    const b = await rig.connect(budi);
    const { head } = rig.hub.journal;
    for (let n = 0; n < 5; n++) await a.say({ type: "typing.start", data: { channel_id: "channel-1" } });
    await a.say({ type: "typing.stop", data: { channel_id: channel } });
    expect(b.socket.frames.map((frame) => frame.type).slice(1)).toEqual(["typing.start", "typing.stop"]);
    expect([...a.socket.of("typing.start"), ...a.socket.of("typing.stop")]).toEqual([]);
    expect(rig.hub.journal.head).toBe(head);
    const x = await rig.connect(stranger);
    await x.say({ type: "typing.start", id: "t", data: { channel_id: channel } });
    expect(x.socket.of("error")[0]?.data.code).toBe("NOT_A_MEMBER");
  });

  it("[TYPE-1] passes no typing in a channel of more than 100 members", async () => {
    const rig = await rigWithChannel(101);
    const a = await rig.connect(ana);
    const b = await rig.connect(budi);
    await a.say({ type: "typing.start", data: { channel_id: channel } });
    expect(b.socket.frames).toHaveLength(1);
  });

  it("[READ-1] moves the read cursor forward only, and tells the members once", async () => {
    const rig = await rigWithChannel();
    const b = await rig.connect(budi);
    const c = await rig.connect(cici);
    const [first, second] = [await rig.send(channel, ana, "1"), await rig.send(channel, ana, "2")];
    await b.say({ type: "message.read", id: "r1", data: { channel_id: channel } });
    await b.say({ type: "message.read", id: "r2", data: { channel_id: channel, message_id: first.id } });
    await rig.runtime.advance(10);
    expect(b.socket.of("ok").map((frame) => frame.id)).toEqual(["r1", "r2"]);
    expect(c.socket.of("message.read").map((frame) => frame.data)).toMatchObject([
      { user_id: budi, message_id: second.id, seq: 2 },
    ]);
  });

  it("[READ-2] shows receipts of a channel of more than 100 members to the reader's own devices only", async () => {
    const rig = await rigWithChannel(101);
    const [b1, b2, c] = [await rig.connect(budi), await rig.connect(budi), await rig.connect(cici)];
    await rig.send(channel, ana, "1");
    await b1.say({ type: "message.read", data: { channel_id: channel } });
    await rig.runtime.advance(10);
    expect([b1, b2, c].map(({ socket }) => socket.of("message.read").length)).toEqual([1, 1, 0]);
  });
});

describe("message budget", () => {
  it("[BUDGET-1] allows 60 messages in any minute and says when the next fits", async () => {
    const rig = await rigWithChannel(3, { messagesPerMinute: 60 });
    for (let n = 0; n < 60; n++) {
      await rig.send(channel, ana, `${n}`);
      rig.runtime.time += 100;
    }
    const over = await rig.hub.send({ channel, sender: { userId: ana }, body: { content: "61" } });
    expect(over).toMatchObject({ ok: false, error: { code: "RATE_LIMITED", retryAfter: 54 } });
    await rig.send(channel, budi, "others are free");
    rig.runtime.time += 54_000;
    await rig.send(channel, ana, "61");
  });

  it("[BUDGET-2] a repeat of an accepted message costs nothing", async () => {
    const rig = await rigWithChannel(3, { messagesPerMinute: 1 });
    const first = await rig.send(channel, ana, "1", { idempotency_key: "k" });
    expect(await rig.send(channel, ana, "1", { idempotency_key: "k" })).toEqual(first);
  });

  it("[BUDGET-3] leases the budget in blocks, so that a wake does not refill it", async () => {
    let left = 20;
    const leases: number[] = [];
    const budgetStore = {
      async lease(_userIds: readonly string[], count: number) {
        leases.push(count);
        if (left < count) return [30_000];
        left -= count;
        return [0];
      },
    };
    const rig = await rigWithChannel(3, { messagesPerMinute: 60, budgetStore });
    for (let n = 0; n < 20; n++) {
      await rig.send(channel, ana, `${n}`);
      await rig.runtime.advance(30);
    }
    expect(leases).toEqual([10, 10]);
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, messagesPerMinute: 60, budgetStore });
    await woken.send(channel, ana, "asks");
    await rig.runtime.advance(30);
    const over = await woken.hub.send({ channel, sender: { userId: ana }, body: { content: "over" } });
    expect(over).toMatchObject({ error: { code: "RATE_LIMITED", retryAfter: 30 } });
  });

  it("[BUDGET-3] asks for the blocks of several users by one request, and gives each its own answer", async () => {
    const asked: string[][] = [];
    const budgetStore = {
      async lease(userIds: readonly string[]) {
        asked.push([...userIds]);
        return userIds.map((userId) => (userId === budi ? 30_000 : 0));
      },
    };
    const rig = await rigWithChannel(3, { messagesPerMinute: 60, budgetStore });
    for (const user of [ana, budi]) await rig.send(channel, user, "asks");
    await rig.send(channel, ana, "does not ask again");
    await rig.runtime.advance(30);
    expect(asked).toEqual([[ana, budi]]);
    const over = await rig.hub.send({ channel, sender: { userId: budi }, body: { content: "over" } });
    expect(over).toMatchObject({ error: { code: "RATE_LIMITED", retryAfter: 30 } });
    for (let n = 0; n < 9; n++) await rig.send(channel, ana, `${n}`);
    await rig.runtime.advance(30);
    expect(asked).toEqual([[ana, budi]]);
    await rig.send(channel, ana, "the eleventh since");
    await rig.runtime.advance(30);
    expect(asked).toEqual([[ana, budi], [ana]]);
  });

  it("[BUDGET-4] falls back to its own window while the store does not answer: never unlimited, never closed", async () => {
    const budgetStore = {
      async lease(): Promise<number[]> {
        throw new Error("connection refused");
      },
    };
    const rig = await rigWithChannel(3, { messagesPerMinute: 5, budgetStore });
    for (let n = 0; n < 5; n++) await rig.send(channel, ana, `${n}`);
    const over = await rig.hub.send({ channel, sender: { userId: ana }, body: { content: "over" } });
    expect(over).toMatchObject({ error: { code: "RATE_LIMITED" } });
  });
});

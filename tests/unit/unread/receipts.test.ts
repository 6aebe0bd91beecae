import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FrameDown } from "../../../src/protocol/frames-down.ts";
import { createRig, creation, uuid } from "../../support/hub-rig.ts";
import { applySettings, type Client, type Rig } from "../../support/presence.ts";

const channel = uuid("channel", 1);
const user = (n: number) => uuid("user", n);
const [ana, budi, cici] = [user(1), user(2), user(3)];

async function rigWithChannel(members: number): Promise<Rig> {
  const rig = createRig();
  await rig.hub.applyChannel(channel, 1, creation(1, members));
  await rig.runtime.advance(300);
  return rig;
}

/** Connects the users 1 … `count`. */
async function everybody(rig: Rig, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let n = 1; n <= count; n++) clients.push(await rig.connect(user(n)));
  return clients;
}

function receiptsOf(frames: readonly FrameDown[]): string[] {
  return frames.flatMap((frame) =>
    frame.type === "message.read" || frame.type === "message.delivered"
      ? [`${frame.type} ${frame.data.user_id} ${frame.data.seq}`]
      : [],
  );
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new Error(`no item ${index}`);
  return item;
}

const cursorOf = ({ socket }: Client): string => {
  const [ready] = socket.of("connection.ready");
  if (ready === undefined) throw new Error("not ready");
  return ready.data.cursor;
};

async function resumed(rig: Rig, userId: string, cursor: string): Promise<FrameDown[]> {
  const client = await rig.connect(userId, { held: true });
  await client.say({ type: "resume", data: { cursor } });
  expect(client.socket.of("resumed")).toHaveLength(1);
  return client.socket.frames;
}

describe("receipts", () => {
  it("[RCPT-1] N members' delivered receipts of one message cost N frames, for its author and their own devices", async () => {
    const rig = await rigWithChannel(50);
    const clients = await everybody(rig, 50);
    await rig.send(channel, ana, "hi");
    for (const client of clients.slice(1))
      void client.say({ type: "message.delivered", data: { channel_id: channel } });
    await rig.runtime.advance(300);
    const counts = clients.map(({ socket }) => socket.of("message.delivered").length);
    expect(counts).toEqual([49, ...Array.from({ length: 49 }, () => 1)]);
  });

  it("[RCPT-2] of a burst a member's delivered receipts are one row, which tells every author of the burst", async () => {
    const rig = await rigWithChannel(50);
    const clients = await everybody(rig, 4);
    const before = rig.hub.journal.head;
    for (let n = 0; n < 10; n++) {
      const message = await rig.send(channel, n < 5 ? ana : budi, `${n}`);
      const frame = { type: "message.delivered", id: `d${n}`, data: { channel_id: channel, message_id: message.id } };
      void at(clients, 2).say(frame);
      await rig.runtime.advance(10);
    }
    await rig.runtime.advance(300);
    expect(rig.hub.journal.head - before).toBe(11);
    expect(at(clients, 2).socket.of("ok")).toHaveLength(10);
    const told = clients.map(({ socket }) => socket.of("message.delivered").map((frame) => frame.data.seq));
    expect(told).toEqual([[10], [10], [10], []]);
  });

  it.each([
    [20, [1, 1, 1, 1]],
    [21, [1, 1, 1, 0]],
    [101, [0, 0, 1, 0]],
  ])("[RCPT-3] a read in a channel of %i is told to %j of (author, author, reader, other)", async (members, told) => {
    const rig = await rigWithChannel(members);
    const clients = await everybody(rig, 4);
    await rig.send(channel, ana, "1");
    await rig.send(channel, budi, "2");
    await at(clients, 2).say({ type: "message.read", data: { channel_id: channel } });
    await rig.runtime.advance(10);
    expect(clients.map(({ socket }) => socket.of("message.read").length)).toEqual(told);
  });

  it("[RCPT-3] the authors are known across a wake of the hub; where they are not, all members are told", async () => {
    const rig = await rigWithChannel(30);
    await rig.send(channel, ana, "1");
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    const clients = await everybody(woken, 3);
    await at(clients, 1).say({ type: "message.read", data: { channel_id: channel } });
    await rig.runtime.advance(10);
    expect(clients.map(({ socket }) => socket.of("message.read").length)).toEqual([1, 1, 0]);
    for (let n = 0; n < 300; n++) await woken.send(channel, ana, `${n}`);
    const again = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    const later = await everybody(again, 3);
    await at(later, 1).say({ type: "message.read", data: { channel_id: channel } });
    await rig.runtime.advance(10);
    expect(later.map(({ socket }) => socket.of("message.read").length)).toEqual([1, 1, 1]);
  });

  it("[RCPT-4] with read receipts off only the own devices see them, live and on resume, also those of before", async () => {
    const rig = await rigWithChannel(3);
    const [a, b1, b2] = [await rig.connect(ana), await rig.connect(budi), await rig.connect(budi)];
    const cursors = { ana: cursorOf(a), budi: cursorOf(b1) };
    await rig.send(channel, ana, "1");
    await b1.say({ type: "message.read", data: { channel_id: channel } });
    await rig.runtime.advance(10);
    expect(receiptsOf(a.socket.frames)).toEqual([`message.read ${budi} 1`]);
    applySettings(rig, { read_receipts: false });
    await rig.send(channel, ana, "2");
    await b1.say({ type: "message.read", data: { channel_id: channel } });
    await rig.send(channel, ana, "3");
    void b1.say({ type: "message.delivered", data: { channel_id: channel } });
    await rig.runtime.advance(300);
    const own = [`message.read ${budi} 1`, `message.read ${budi} 2`, `message.delivered ${budi} 3`];
    expect(receiptsOf(a.socket.frames)).toEqual([`message.read ${budi} 1`]);
    expect(receiptsOf(b2.socket.frames)).toEqual(own);
    expect(receiptsOf(await resumed(rig, ana, cursors.ana))).toEqual([]);
    expect(receiptsOf(await resumed(rig, budi, cursors.budi))).toEqual(own);
    // What was done while it was off stays the reader's own.
    applySettings(rig, { read_receipts: true });
    expect(receiptsOf(await resumed(rig, ana, cursors.ana))).toEqual([`message.read ${budi} 1`]);
  });

  it("[RCPT-5] a delivered receipt is acknowledged only once it is kept; one that was lost can be sent again", async () => {
    const rig = await rigWithChannel(3);
    const b = await rig.connect(budi);
    await rig.send(channel, ana, "1");
    void b.say({ type: "message.delivered", id: "d", data: { channel_id: channel } });
    await rig.runtime.advance(100);
    expect(b.socket.of("ok")).toEqual([]);
    // The object ends here.
    const woken = createRig({ sql: rig.sql, archive: rig.archive });
    const again = await woken.connect(budi);
    void again.say({ type: "message.delivered", id: "d", data: { channel_id: channel } });
    await woken.runtime.advance(300);
    expect(again.socket.of("ok")).toHaveLength(1);
    const last = createRig({ sql: rig.sql });
    expect(last.hub.directory.channel(channel)?.members.get(budi)).toMatchObject({ deliveredSeq: 1, readSeq: 0 });
  });

  it("[RCPT-6] what is read is delivered: no delivered receipt follows, and Postgres learns both", async () => {
    const rig = await rigWithChannel(3);
    const b = await rig.connect(budi);
    await rig.send(channel, ana, "1");
    await b.say({ type: "message.read", data: { channel_id: channel } });
    const { head } = rig.hub.journal;
    await b.say({ type: "message.delivered", id: "d", data: { channel_id: channel } });
    expect(b.socket.of("ok")).toHaveLength(1);
    expect(rig.hub.journal.head).toBe(head);
    await rig.hub.archiver.drain();
    const cursors = rig.archive.batches.flatMap((batch) => batch.cursors).filter((one) => one.user_id === budi);
    expect(cursors.at(-1)).toMatchObject({ read_seq: 1, delivered_seq: 1, delivered_at: expect.any(String) });
  });

  it("[RCPT-7] thousands of receipts for others do not keep a client from resuming", async () => {
    const rig = await rigWithChannel(60);
    const c = await rig.connect(cici);
    const cursor = cursorOf(c);
    for (let n = 0; n < 50; n++) {
      await rig.send(channel, ana, `${n}`);
      for (let reader = 4; reader <= 60; reader++) {
        await rig.hub.receipt({ kind: "read", channel, userId: user(reader) });
      }
    }
    const frames = await resumed(rig, cici, cursor);
    expect(frames.filter((frame) => frame.type === "message.created")).toHaveLength(50);
    expect(receiptsOf(frames)).toEqual([]);
  });

  /** Whoever was connected all the time and whoever resumes from the beginning have seen the same receipts. */
  it("[RCPT-8] live and resumed receipts are the same, for any history and any size of channel", async () => {
    const step = fc.record({
      do: fc.constantFrom("send", "read", "delivered", "wait"),
      user: fc.integer({ min: 1, max: 5 }),
    });
    const sizes = fc.constantFrom(5, 30, 110);
    await fc.assert(
      fc.asyncProperty(sizes, fc.array(step, { maxLength: 40 }), async (members, steps) => {
        const rig = await rigWithChannel(members);
        const clients = await everybody(rig, 5);
        const cursors = clients.map(cursorOf);
        for (const one of steps) {
          if (one.do === "wait") await rig.runtime.advance(250);
          else if (one.do === "send") await rig.send(channel, user(one.user), "x");
          else void at(clients, one.user - 1).say({ type: `message.${one.do}`, data: { channel_id: channel } });
          await rig.runtime.advance(1);
        }
        await rig.runtime.advance(1_000);
        for (const [index, { socket }] of clients.entries()) {
          expect(receiptsOf(await resumed(rig, user(index + 1), at(cursors, index)))).toEqual(
            receiptsOf(socket.frames),
          );
        }
      }),
      { numRuns: 100 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { FrameRun } from "../../../durable-objects/hub/frame-run.ts";
import { encodeResumeCursor } from "../../../src/domain/resume-cursor.ts";
import type { FrameDown } from "../../../src/protocol/frames-down.ts";
import { frameDownSchema } from "../../../src/protocol/frames-down.ts";
import { createRig, creation, FakeRuntime, type FakeSocket, uuid } from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const [ana, budi] = [uuid("user", 1), uuid("user", 2)];

type Rig = ReturnType<typeof createRig>;

async function rigWithChannel(members = 3) {
  const rig = createRig();
  await rig.hub.applyChannel(channel, 1, creation(1, members));
  await rig.runtime.advance(300);
  return rig;
}

/** Frames with batches unwrapped, as a client sees them. */
function eventsOf(socket: FakeSocket): FrameDown[] {
  return socket.frames.flatMap((frame): FrameDown[] => (frame.type === "batch" ? frame.data.events : [frame]));
}

function contentsOf(socket: FakeSocket): string[] {
  return eventsOf(socket).flatMap((frame) => (frame.type === "message.created" ? [frame.data.message.content] : []));
}

/** Sends so much that the workspace counts as busy, and waits until all of it has arrived. */
async function makeBusy(rig: Rig, audience: number): Promise<number> {
  const count = Math.ceil(220 / audience);
  await Promise.all(Array.from({ length: count }, (_, n) => rig.send(channel, ana, `noise ${n}`)));
  await rig.runtime.advance(26);
  return count;
}

describe("batches", () => {
  it("[BATCH-1] in a quiet workspace each event goes out at once, as its own frame", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi, { acceptsBatches: true });
    for (let n = 0; n < 5; n++) {
      await rig.send(channel, ana, `m${n}`);
      await rig.runtime.advance(0);
      expect(socket.messages).toHaveLength(n + 1);
      await rig.runtime.advance(40);
    }
    expect(socket.of("batch")).toEqual([]);
    expect(rig.runtime.pendingTimers).toBe(0);
  });

  it("[BATCH-2] in a busy one, what a turn brings is one frame, and nothing waits any longer", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi, { acceptsBatches: true });
    const noise = await makeBusy(rig, 1);
    socket.frames.length = 0;
    const sent: string[] = [];
    for (let n = 0; n < 100; n++) {
      for (const part of "abcdef") {
        sent.push(`${n}${part}`);
        await rig.send(channel, ana, `${n}${part}`);
      }
      await rig.runtime.advance(1);
      expect(contentsOf(socket)).toEqual(sent.slice(0, contentsOf(socket).length));
      // A turn is 25 ms.
      expect(contentsOf(socket).length).toBeGreaterThanOrEqual((n - 25) * 6);
    }
    await rig.runtime.advance(25);
    expect(contentsOf(socket)).toEqual(sent);
    expect(socket.frames.length).toBeLessThanOrEqual(5);
    for (const frame of socket.frames) expect(frameDownSchema.safeParse(frame).error).toBeUndefined();
    expect(noise).toBeGreaterThan(200);
    // Quiet again.
    await rig.runtime.advance(60);
    const before = socket.frames.length;
    await rig.send(channel, ana, "at once");
    await rig.runtime.advance(0);
    expect(socket.frames).toHaveLength(before + 1);
    expect(socket.frames.at(-1)?.type).toBe("message.created");
  });

  it("[BATCH-2] what one commit brings is one frame, without any wait", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi, { acceptsBatches: true });
    socket.frames.length = 0;
    await Promise.all(["one", "two", "three"].map((content) => rig.send(channel, ana, content)));
    await rig.runtime.advance(0);
    // The second and the third came while the first was written.
    expect(socket.frames.map((frame) => frame.type)).toEqual(["message.created", "batch"]);
    expect(contentsOf(socket)).toEqual(["one", "two", "three"]);
  });

  it("[BATCH-2] [BATCH-10] the turn grows with the number of connections, who are spread evenly over it", async () => {
    const rig = await rigWithChannel(1_200);
    const members = Array.from({ length: 1_200 }, (_, n) => uuid("user", n + 1));
    const connected = await Promise.all(members.map((id) => rig.connect(id, { acceptsBatches: true })));
    await rig.runtime.advance(200);
    const heard = (content: string) => connected.filter(({ socket }) => contentsOf(socket).at(-1) === content).length;
    await rig.send(channel, ana, "at once");
    await rig.runtime.advance(0);
    expect(heard("at once")).toBe(1_200);
    await rig.send(channel, ana, "one part after another");
    await rig.runtime.advance(0);
    // 60 ms for 1,200 connections, a twelfth of them every 5 ms.
    for (let step = 0; step <= 12; step++) {
      expect(heard("one part after another")).toBe(step * 100);
      await rig.runtime.advance(5);
    }
    await rig.runtime.advance(500);
    expect(rig.runtime.pendingTimers).toBe(0);
  });

  it("[BATCH-2] a member that leaves has everything sent at once, and the turn keeps its length", async () => {
    const rig = await rigWithChannel(1_200);
    const members = Array.from({ length: 1_200 }, (_, n) => uuid("user", n + 1));
    const connected = await Promise.all(members.map((id) => rig.connect(id, { acceptsBatches: true })));
    await rig.runtime.advance(200);
    const heard = (content: string) => connected.filter(({ socket }) => contentsOf(socket).includes(content)).length;
    await rig.send(channel, ana, "at once");
    await rig.send(channel, ana, "spread over the turn");
    await rig.runtime.advance(11);
    expect(heard("spread over the turn")).toBeLessThan(1_200);
    const left = [uuid("user", 1_200)];
    await rig.hub.applyChannel(channel, 2, { ...creation(1, 1_200), version: 2, users: [], joined: [], left });
    expect(heard("spread over the turn")).toBe(1_200);
    await rig.runtime.advance(0);
    await rig.send(channel, ana, "after it");
    await rig.runtime.advance(25);
    // Those who left are not told; of the others a twelfth every 5 ms.
    expect(heard("after it")).toBeLessThanOrEqual(600);
    await rig.runtime.advance(100);
    expect(heard("after it")).toBe(1_199);
  });

  it("[BATCH-3] a client that did not ask for batches never gets one", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi);
    const noise = await makeBusy(rig, 1);
    await rig.send(channel, ana, "one");
    await rig.send(channel, ana, "two");
    await rig.runtime.advance(0);
    expect(socket.messages).toHaveLength(noise + 2);
    expect(socket.of("batch")).toEqual([]);
  });

  it("[BATCH-4] an acknowledgement does not wait for a batch", async () => {
    const rig = await rigWithChannel();
    const { socket, say } = await rig.connect(ana, { acceptsBatches: true });
    await makeBusy(rig, 1);
    socket.frames.length = 0;
    await say({ type: "message.send", id: "r", data: { channel_id: channel, content: "mine" } });
    await rig.runtime.advance(0);
    expect(socket.frames.map((frame) => frame.type)).toEqual(["message.ack"]);
    await rig.runtime.advance(25);
    expect(contentsOf(socket)).toEqual(["mine"]);
  });

  it("[BATCH-5] a resume neither overtakes what was collected nor is overtaken", async () => {
    const rig = await rigWithChannel();
    const { socket, say } = await rig.connect(budi, { acceptsBatches: true });
    const other = await rig.connect(uuid("user", 3), { acceptsBatches: true });
    await makeBusy(rig, 2);
    socket.frames.length = 0;
    other.socket.frames.length = 0;
    await rig.send(channel, ana, "before");
    await rig.send(channel, ana, "also before");
    await rig.runtime.advance(0);
    const ready = rig.hub.journal.head;
    await say({ type: "resume", data: { cursor: socketCursor(rig, ready - 2) } });
    expect(other.socket.frames).toEqual([]);
    await rig.send(channel, ana, "after");
    await rig.runtime.advance(30);
    expect(other.socket.frames.map((frame) => frame.type)).toEqual(["batch"]);
    expect(contentsOf(other.socket)).toEqual(["before", "also before", "after"]);
    expect(socket.frames.map((frame) => frame.type)).toEqual(["batch", "resumed", "message.created"]);
    expect(contentsOf(socket)).toEqual(["before", "also before", "after"]);
  });

  it("[BATCH-6] nothing that was collected is lost when the hub closes the socket, or removes the member", async () => {
    const rig = await rigWithChannel();
    const { socket, connection } = await rig.connect(budi, { acceptsBatches: true });
    const other = await rig.connect(uuid("user", 3), { acceptsBatches: true });
    await makeBusy(rig, 2);
    await rig.send(channel, ana, "last words");
    await rig.runtime.advance(0);
    expect(contentsOf(socket)).not.toContain("last words");
    connection?.close("TOKEN_EXPIRED");
    expect(contentsOf(socket).at(-1)).toBe("last words");
    await rig.hub.applyChannel(channel, 2, {
      ...creation(1, 3),
      version: 2,
      users: [],
      joined: [],
      left: [uuid("user", 3)],
    });
    expect(contentsOf(other.socket).at(-1)).toBe("last words");
  });

  it("[BATCH-7] the wish for batches outlives hibernation", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi, { acceptsBatches: true });
    const { sql, archive, snapshots } = rig;
    const runtime = new FakeRuntime();
    runtime.time = rig.runtime.time;
    const woken = createRig({ sql, archive, snapshots, runtime });
    if (socket.stored === undefined) throw new Error("not stored");
    woken.sessions.restore(socket, socket.stored);
    await makeBusy(woken, 1);
    socket.frames.length = 0;
    await woken.send(channel, ana, "one");
    await woken.send(channel, ana, "two");
    await woken.runtime.advance(30);
    expect(socket.frames.map((frame) => frame.type)).toEqual(["batch"]);
  });

  it("[BATCH-8] a batch is encoded once for all who were sent the same", () => {
    const root = new FrameRun();
    const frames = ['{"type":"a"}', '{"type":"b"}', '{"type":"c"}'];
    const run = (...indexes: number[]) => indexes.reduce((one, index) => one.with(frames[index] ?? ""), root);
    expect(run(0, 1, 2)).toBe(run(0, 1, 2));
    expect(run(0, 2)).toBe(run(0, 2));
    expect(run(0, 2)).not.toBe(run(0, 1));
    expect(run(0, 1, 2).text).toBe('{"type":"batch","data":{"events":[{"type":"a"},{"type":"b"},{"type":"c"}]}}');
    expect(run(1).text).toBe('{"type":"b"}');
    const join = vi.spyOn(Array.prototype, "join");
    const shared = run(2, 1);
    for (let n = 0; n < 100; n++) expect(shared.text).toContain('"c"');
    expect(join).toHaveBeenCalledTimes(1);
    join.mockRestore();
  });

  it("[BATCH-9] every client sees every event once and in order, whatever the pace and whoever batches", async () => {
    const burst = fc.record({ count: fc.integer({ min: 1, max: 120 }), pause: fc.integer({ min: 0, max: 40 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(burst, { minLength: 1, maxLength: 12 }), async (bursts) => {
        const rig = await rigWithChannel();
        const sockets = await Promise.all(
          [true, true, false].map((acceptsBatches) => rig.connect(budi, { acceptsBatches, held: true })),
        );
        await rig.runtime.advance(300);
        const sent: string[] = [];
        for (const { count, pause } of bursts) {
          for (let n = 0; n < count; n++) {
            sent.push(`m${sent.length}`);
            await rig.send(channel, ana, sent.at(-1) ?? "");
          }
          await rig.runtime.advance(pause);
        }
        await rig.runtime.advance(50);
        for (const { socket } of sockets) expect(contentsOf(socket)).toEqual(sent);
      }),
      { numRuns: 20 },
    );
  });
});

function socketCursor(rig: Rig, seq: number): string {
  const { epoch } = rig.hub.journal;
  return encodeResumeCursor({ epoch, seq });
}

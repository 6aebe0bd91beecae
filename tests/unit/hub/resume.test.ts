import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChannelChange } from "../../../src/domain/hub-contract.ts";
import type { FrameDown } from "../../../src/protocol/frames-down.ts";
import { createRig, creation, profile, uuid } from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const [ana, budi] = [uuid("user", 1), uuid("user", 2)];

async function rigWithChannel() {
  const rig = createRig();
  await rig.hub.applyChannel(channel, 1, creation(1, 3));
  await rig.runtime.advance(300);
  return rig;
}

function cursorOf(frame: FrameDown | undefined): string {
  if (frame === undefined || !("data" in frame) || !("cursor" in frame.data)) throw new Error("no cursor");
  return frame.data.cursor;
}

function change(n: number, version: number, part: Partial<ChannelChange>): ChannelChange {
  return { ...creation(n, 0), version, joined: [], users: [], ...part };
}

describe("resume", () => {
  it("[RES-1] replays what was missed, in order and once, then says resumed", async () => {
    const rig = await rigWithChannel();
    const first = await rig.connect(budi);
    await rig.send(channel, ana, "seen");
    await rig.runtime.advance(10);
    const cursor = cursorOf(first.socket.frames.at(-1));
    if (first.connection) rig.sessions.closed(first.connection);
    for (const text of ["a", "b", "c"]) await rig.send(channel, ana, text);

    const second = await rig.connect(budi, { held: true });
    await rig.send(channel, ana, "d");
    await second.say({ type: "resume", id: "r", data: { cursor } });
    await rig.send(channel, ana, "e");
    await rig.runtime.advance(500);
    expect(second.socket.messages.map((message) => message.content)).toEqual(["a", "b", "c", "d", "e"]);
    expect(second.socket.of("resumed")[0]).toMatchObject({ id: "r", data: { count: 4 } });
    expect(second.socket.frames.map((frame) => frame.type).slice(-2)).toEqual(["resumed", "message.created"]);
  });

  it("[RES-2] a client that resumes late gets the gap once, and what came live is not repeated", async () => {
    const rig = await rigWithChannel();
    const first = await rig.connect(budi);
    const cursor = cursorOf(first.socket.frames[0]);
    await rig.send(channel, ana, "missed");
    await rig.runtime.advance(10);
    const second = await rig.connect(budi);
    await rig.send(channel, ana, "live");
    await rig.runtime.advance(10);
    await second.say({ type: "resume", data: { cursor } });
    await second.say({ type: "resume", data: { cursor } });
    expect(second.socket.messages.map((message) => message.content)).toEqual(["live", "missed"]);
    const last = second.socket.of("resumed")[1];
    const third = await rig.connect(budi, { held: true });
    await third.say({ type: "resume", data: { cursor: cursorOf(last) } });
    expect(third.socket.messages).toEqual([]);
  });

  it("[RES-3] a client that never resumes gets everything from its connection.ready on", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi, { held: true });
    await rig.send(channel, ana, "early");
    await rig.runtime.advance(250);
    await rig.send(channel, ana, "late");
    await rig.runtime.advance(10);
    expect(socket.messages.map((message) => message.content)).toEqual(["early", "late"]);
  });

  it("[RES-4] resumes across a wake of the hub", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi);
    const cursor = cursorOf(socket.frames[0]);
    await rig.send(channel, ana, "a");
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    const again = await woken.connect(budi, { held: true });
    await again.say({ type: "resume", data: { cursor } });
    expect(again.socket.messages.map((message) => message.content)).toEqual(["a"]);
  });

  it("[RES-5] answers resync, and replays nothing, where the journal does not reach back", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi);
    const cursor = cursorOf(socket.frames[0]);
    const reasonFor = async (text: string) => {
      const late = await rig.connect(budi, { held: true });
      await late.say({ type: "resume", data: { cursor: text } });
      expect(late.socket.messages).toEqual([]);
      return late.socket.of("resync")[0]?.data.reason ?? late.socket.of("error")[0]?.data.code;
    };
    expect(await reasonFor("nonsense!")).toBe("VALIDATION_ERROR");
    expect(await reasonFor(cursor.replace(/-.*/, "-zzz"))).toBe("cursor_ahead");
    expect(await reasonFor(`other-${cursor.split("-")[1]}`)).toBe("epoch_changed");
    for (let n = 0; n < 2_001; n++) await rig.send(channel, ana, `${n}`);
    await rig.runtime.advance(10);
    expect(await reasonFor(cursor)).toBe("too_many_events");
    await rig.runtime.advance(3_000);
    await rig.hub.alarm();
    await rig.runtime.advance(25 * 3_600_000);
    await rig.hub.alarm();
    expect(await reasonFor(cursor)).toBe("journal_trimmed");
  });

  it("[RES-6] a removed member gets its own departure and nothing of the channel from before or after", async () => {
    const rig = await rigWithChannel();
    const { socket, connection } = await rig.connect(budi);
    const cursor = cursorOf(socket.frames[0]);
    if (connection) rig.sessions.closed(connection);
    await rig.send(channel, ana, "before");
    await rig.hub.applyChannel(channel, 2, change(1, 2, { left: [budi] }));
    await rig.send(channel, ana, "after");
    const again = await rig.connect(budi, { held: true });
    await again.say({ type: "resume", data: { cursor } });
    expect(again.socket.frames.map((frame) => frame.type)).toEqual(["connection.ready", "member.left", "resumed"]);
  });

  it("[RES-7] a newcomer gets nothing from before its join", async () => {
    const rig = await rigWithChannel();
    const newcomer = uuid("user", 4);
    const { socket } = await rig.connect(newcomer);
    const cursor = cursorOf(socket.frames[0]);
    await rig.send(channel, ana, "before");
    const joined = [{ user_id: newcomer, role: "member" as const, joined_at: "2026-01-02T00:00:00.000Z" }];
    await rig.hub.applyChannel(channel, 2, change(1, 2, { joined, users: [profile(4)] }));
    await rig.send(channel, ana, "after");
    await rig.runtime.advance(10);
    const again = await rig.connect(newcomer, { held: true });
    await again.say({ type: "resume", data: { cursor } });
    for (const { frames } of [socket, again.socket]) {
      const types = frames.map((frame) => frame.type).filter((type) => type !== "resumed");
      expect(types).toEqual(["connection.ready", "member.joined", "message.created"]);
    }
  });

  /**
   * The promise of the journal, for any history: whatever is sent, whoever joins or leaves, however connections drop,
   * the hub is evicted and clients come back, each client ends up with exactly the events of its channels from its
   * memberships, each once, in journal order.
   */
  it("[RES-8] holds for random histories of sends, membership changes, drops, wakes and resumes", async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant("send" as const), channel: fc.integer({ min: 1, max: 2 }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("drop" as const) }) },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant("connect" as const), resumeAfterMs: fc.constantFrom(0, 20, 240) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("join" as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("wake" as const) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 600 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        let rig = createRig();
        // Channel 1 keeps its members; user 2 leaves and joins channel 2.
        for (const n of [1, 2]) await rig.hub.applyChannel(uuid("channel", n), 1, creation(n, 2));
        await rig.runtime.advance(300);
        let [version, isMember, sent] = [1, true, 0];
        let client: Awaited<ReturnType<typeof rig.connect>> | undefined = await rig.connect(budi);
        let cursor = cursorOf(client.socket.frames[0]);
        let seenFrames = 0;
        const received: string[] = [];
        const expected: string[] = [];

        const collect = () => {
          for (const frame of client?.socket.frames.slice(seenFrames) ?? []) {
            if ("data" in frame && "cursor" in frame.data && frame.type !== "connection.ready")
              cursor = frame.data.cursor;
            if (frame.type === "message.created") received.push(frame.data.message.content);
            if (frame.type === "resync") throw new Error("resync");
          }
          seenFrames = client?.socket.frames.length ?? 0;
        };
        const drop = () => {
          collect();
          if (client?.connection) rig.sessions.closed(client.connection);
          client = undefined;
          seenFrames = 0;
        };

        for (const one of steps) {
          if (one.do === "send") {
            const content = `m${sent++}`;
            await rig.send(uuid("channel", one.channel), ana, content);
            if (one.channel === 1 || isMember) expected.push(content);
          } else if (one.do === "wait") {
            await rig.runtime.advance(one.ms);
          } else if (one.do === "drop") {
            drop();
          } else if (one.do === "connect" && client === undefined) {
            client = await rig.connect(budi, { held: true });
            await rig.runtime.advance(one.resumeAfterMs);
            // What comes before `resumed` is only ours to keep once it is there: a client drops half a replay.
            await client.say({ type: "resume", data: { cursor } });
          } else if (one.do === "wake") {
            drop();
            rig = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
          } else if (one.do === "leave" && isMember) {
            // What a leaver has not received by then it never gets, so let it receive first.
            await rig.runtime.advance(300);
            if (client === undefined) continue;
            isMember = false;
            await rig.hub.applyChannel(uuid("channel", 2), ++version, change(2, version, { left: [budi] }));
          } else if (one.do === "join" && !isMember) {
            isMember = true;
            const joined = [
              { user_id: budi, role: "member" as const, joined_at: new Date(rig.runtime.time).toISOString() },
            ];
            await rig.hub.applyChannel(
              uuid("channel", 2),
              ++version,
              change(2, version, { joined, users: [profile(2)] }),
            );
          }
        }
        if (client === undefined) {
          client = await rig.connect(budi, { held: true });
          await client.say({ type: "resume", data: { cursor } });
        }
        await rig.runtime.advance(1_000);
        collect();
        expect(received).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe("changes", () => {
  it("[SYNC-2] applies the next version as a change and anything else by reading the channel again", async () => {
    const rig = await rigWithChannel();
    await rig.hub.applyChannel(channel, 2, change(1, 2, { left: [budi] }));
    expect(rig.loads).toEqual([]);
    await rig.hub.applyChannel(channel, 2, change(1, 2, { left: [ana] }));
    expect(rig.hub.directory.channel(channel)?.members.has(ana)).toBe(true);
    const { channel: info, joined, users } = creation(1, 5);
    const members = joined.map((one) => ({ ...one, read_seq: 0, delivered_seq: 0 }));
    rig.snapshots.set(channel, {
      channel: info,
      version: 9,
      last_seq: 0,
      last_message_id: null,
      deleted: false,
      users,
      members,
    });
    await rig.hub.applyChannel(channel, 5, change(1, 5, {}));
    expect(rig.loads).toEqual([channel]);
    expect(rig.hub.directory.channel(channel)).toMatchObject({ version: 9, members: { size: 5 } });
  });

  it("[SYNC-3] fails where it would have to pull and Postgres is away, and can be repeated", async () => {
    const rig = await rigWithChannel();
    rig.archive.up = false;
    await expect(rig.hub.applyChannel(channel, 5)).rejects.toThrow("connection refused");
    await rig.hub.applyChannel(channel, 2, change(1, 2, { left: [budi] }));
    expect(rig.hub.directory.channel(channel)?.version).toBe(2);
  });

  it("[SYNC-4] a removed member receives nothing from the moment that the removal returned", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi);
    await rig.send(channel, ana, "before");
    await rig.hub.applyChannel(channel, 2, change(1, 2, { left: [budi] }));
    await rig.send(channel, ana, "after");
    await rig.runtime.advance(500);
    expect(socket.frames.map((frame) => frame.type)).toEqual(["connection.ready", "message.created", "member.left"]);
    const refused = await rig.hub.send({ channel, sender: { userId: budi }, body: { content: "hi" } });
    expect(refused).toMatchObject({ error: { code: "NOT_A_MEMBER" } });
  });

  it("[SYNC-5] a deleted channel takes no more messages and frees its external id", async () => {
    const rig = await rigWithChannel();
    const { socket } = await rig.connect(budi);
    await rig.hub.applyChannel(channel, 2, change(1, 2, { deleted: true }));
    await rig.runtime.advance(10);
    expect(socket.of("channel.deleted")).toHaveLength(1);
    for (const ref of [channel, "channel-1"]) {
      const refused = await rig.hub.send({ channel: ref, sender: { userId: ana }, body: { content: "hi" } });
      expect(refused).toMatchObject({ error: { code: "NOT_FOUND" } });
    }
  });
});

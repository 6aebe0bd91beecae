import { describe, expect, it } from "vitest";
import { createRig, creation, uuid } from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const [ana, budi] = [uuid("user", 1), uuid("user", 2)];

async function rigWithChannel() {
  const rig = createRig();
  await rig.hub.applyChannel(channel, 1, creation(1, 3));
  await rig.runtime.advance(3_000);
  return rig;
}

/** Runs the alarm each time it is due until `until` ms have passed. */
async function runAlarms(rig: ReturnType<typeof createRig>, until: number) {
  const end = rig.runtime.time + until;
  while (rig.runtime.alarmAt !== undefined && rig.runtime.alarmAt <= end) {
    const at = rig.runtime.alarmAt;
    rig.runtime.alarmAt = undefined;
    await rig.runtime.advance(Math.max(0, at - rig.runtime.time));
    await rig.hub.alarm();
  }
  await rig.runtime.advance(Math.max(0, end - rig.runtime.time));
}

describe("archive", () => {
  it("[ARCH-1] carries messages to Postgres in order within two seconds, in few batches", async () => {
    const rig = await rigWithChannel();
    const before = rig.archive.writes;
    for (let n = 0; n < 100; n++) await rig.send(channel, ana, `m${n}`);
    await rig.runtime.advance(2_000);
    expect(rig.archive.rows.map((row) => row.seq)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
    expect(rig.archive.writes - before).toBeLessThanOrEqual(2);
    expect(rig.hub.journal.archived).toBe(rig.hub.journal.head);
  });

  it("[ARCH-2] keeps everything while Postgres is away and delivers it once, in order, when it is back", async () => {
    const rig = await rigWithChannel();
    rig.archive.up = false;
    for (let n = 0; n < 1_000; n++) await rig.send(channel, n % 2 ? ana : budi, `m${n}`);
    await runAlarms(rig, 10 * 60_000);
    expect(rig.archive.rows).toHaveLength(0);
    const attempts = rig.archive.writes;
    expect(attempts).toBeLessThan(40);
    rig.archive.up = true;
    await runAlarms(rig, 61_000);
    expect(rig.archive.rows.map((row) => row.content)).toEqual(Array.from({ length: 1_000 }, (_, n) => `m${n}`));
  });

  it("[ARCH-3] archives again after a lost answer without doubling, and goes on behind what had got there", async () => {
    const rig = await rigWithChannel();
    rig.archive.loseAnswers = 1;
    for (let n = 0; n < 10; n++) await rig.send(channel, ana, `m${n}`);
    await rig.runtime.advance(300);
    for (let n = 10; n < 15; n++) await rig.send(channel, ana, `m${n}`);
    await runAlarms(rig, 60_000);
    expect(rig.archive.rows.map((row) => row.content)).toEqual(Array.from({ length: 15 }, (_, n) => `m${n}`));
    expect(rig.hub.journal.archived).toBe(rig.hub.journal.head);
  });

  it("[ARCH-3] an object that woke with an older watermark does not write what is there already", async () => {
    const rig = await rigWithChannel();
    for (let n = 0; n < 10; n++) await rig.send(channel, ana, `m${n}`);
    await rig.runtime.advance(300);
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    expect(woken.hub.journal.archived).toBeLessThan(woken.hub.journal.head);
    await woken.send(channel, ana, "m10");
    await runAlarms(woken, 5_000);
    expect(rig.archive.rows.map((row) => row.content)).toEqual(Array.from({ length: 11 }, (_, n) => `m${n}`));
  });

  it("[ARCH-4] parks the one event that Postgres refuses for good, reports it, and goes on", async () => {
    const rig = await rigWithChannel();
    rig.archive.refused.add("m5");
    for (let n = 0; n < 10; n++) await rig.send(channel, ana, `m${n}`);
    await runAlarms(rig, 5_000);
    expect(rig.archive.rows.map((row) => row.content)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9].map((n) => `m${n}`));
    expect(rig.hub.stats().parked).toBe(1);
    expect(rig.runtime.logs).toContainEqual(expect.objectContaining({ level: "error", event: "archive.parked" }));
    expect(rig.hub.journalPage({ channel, limit: 100 })).toMatchObject({
      ok: true,
      value: { messages: { length: 10 } },
    });
  });

  it("[ARCH-5] goes on after the object ended between append and archive", async () => {
    const rig = await rigWithChannel();
    await rig.send(channel, ana, "last words");
    expect(rig.runtime.alarmAt).toBeLessThanOrEqual(rig.runtime.time + 10_000);
    const woken = createRig({ sql: rig.sql, archive: rig.archive });
    woken.runtime.time = rig.runtime.time + 10_000;
    await woken.hub.alarm();
    expect(rig.archive.rows.map((row) => row.content)).toEqual(["last words"]);
  });

  it("[HIST-1] a read of a channel waits only for what that channel has not archived", async () => {
    const rig = await rigWithChannel();
    await rig.hub.applyChannel(uuid("channel", 2), 1, creation(2, 2));
    await rig.send(channel, ana, "new");
    const writes = rig.archive.writes;
    expect(await rig.hub.settled({ channel: uuid("channel", 2) })).toMatchObject({ archived: true, lastSeq: 0 });
    expect(rig.archive.writes).toBe(writes);
    expect(await rig.hub.settled({ channel: "channel-1" })).toMatchObject({ archived: true, lastSeq: 1 });
    expect(rig.archive.rows).toHaveLength(1);
    expect(await rig.hub.settled({ userId: ana })).toMatchObject({ archived: true });
  });

  it("[HIST-12] in a busy channel readers and changes wait for what was there when they came, and for nothing later", async () => {
    const rig = await rigWithChannel();
    const first = await rig.send(channel, ana, "first");
    const write = rig.archive.write.bind(rig.archive);
    let awake = rig;
    // Somebody writes while each batch is on its way, so that the channel owes something at any time.
    rig.archive.write = async (batch) => {
      await awake.send(channel, budi, "meanwhile");
      return write(batch);
    };
    const scopes = [{ channel }, { userId: ana }, { workspace: true as const }];
    for (const [n, scope] of scopes.entries()) {
      await rig.send(channel, ana, `before read ${n}`);
      expect(await rig.hub.settled(scope)).toMatchObject({ archived: true });
      expect(rig.archive.rows.map((row) => row.content)).toContain(`before read ${n}`);
      expect(rig.hub.journal.archived).toBeLessThan(rig.hub.journal.head);
    }
    awake = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    const body = { content: "first, edited" };
    const edited = await awake.hub.messageChanges.edit({ channel, messageId: first.id, actor: { userId: ana }, body });
    expect(edited).toMatchObject({ ok: true });
  });

  it("[HIST-7] a reader of the newest messages is told the ones that Postgres lacks, and waits for everything else", async () => {
    const rig = await rigWithChannel();
    const { say } = await rig.connect(budi);
    await rig.send(channel, ana, "archived");
    await rig.hub.settled({ channel });
    const base = rig.hub.journal.head;
    const second = await rig.send(channel, ana, "second", { idempotency_key: "key-of-ana" });
    await rig.send(channel, budi, "third");
    const { writes } = rig.archive;
    const told = await rig.hub.settled({ channel, tailFor: ana });
    expect(told).toMatchObject({ archived: true, lastSeq: 3, changed: { seq: base } });
    expect(told.tail?.messages.map(({ content, client_id }) => [content, client_id])).toEqual([
      ["third", undefined],
      ["second", "key-of-ana"],
    ]);
    expect(told.tail?.changed).toEqual({ epoch: rig.hub.journal.epoch, seq: rig.hub.journal.head });
    expect((await rig.hub.settled({ channel, tailFor: budi })).tail?.messages[1]).not.toHaveProperty("client_id");
    expect((await rig.hub.settled({ channel, tailFor: null })).tail?.messages[1]).not.toHaveProperty("client_id");
    expect(rig.archive.writes).toBe(writes);

    const data = { channel_id: channel, message_id: second.id, emoji: "👍" };
    await say({ type: "reaction.add", id: "r", data });
    const waited = await rig.hub.settled({ channel, tailFor: ana });
    expect(waited).toMatchObject({ archived: true, changed: { seq: rig.hub.journal.head } });
    expect(waited.tail).toBeUndefined();
    expect(rig.archive.rows).toHaveLength(3);
    expect((await rig.hub.settled({ channel, tailFor: ana })).tail).toBeUndefined();

    await rig.send(channel, ana, "in a thread", { thread_root_id: second.id });
    expect((await rig.hub.settled({ channel, tailFor: ana })).tail).toBeUndefined();
    expect(rig.archive.rows).toHaveLength(4);
  });

  it("[HIST-2] a read does not hang while Postgres is away, and tries it at most once a second", async () => {
    const rig = await rigWithChannel();
    rig.archive.up = false;
    await rig.send(channel, ana, "new");
    const writes = rig.archive.writes;
    for (let n = 0; n < 20; n++)
      expect(await rig.hub.settled({ channel })).toMatchObject({ archived: false, lastSeq: 1 });
    expect(rig.archive.writes - writes).toBeLessThanOrEqual(2);
    rig.archive.up = true;
    rig.runtime.time += 1_100;
    expect(await rig.hub.settled({ channel })).toMatchObject({ archived: true, lastSeq: 1 });
  });

  it("[ARCH-6] trims what is archived and older than the retention, never the head, and remembers where", async () => {
    const rig = await rigWithChannel();
    for (let n = 0; n < 20; n++) await rig.send(channel, ana, `m${n}`, { idempotency_key: `k${n}` });
    await runAlarms(rig, 25 * 3_600_000);
    const { head } = rig.hub.journal;
    expect(rig.hub.journal.trimmed).toBe(head - 1);
    expect(rig.hub.journal.read(0, 100).map((event) => event.seq)).toEqual([head]);
    expect((await rig.send(channel, ana, "after")).seq).toBe(21);
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    expect(woken.hub.journal.trimmed).toBe(head - 1);
  });

  it("[IDLE-1] leaves no timer behind and no alarm in an idle workspace without sockets", async () => {
    const rig = await rigWithChannel();
    await rig.send(channel, ana, "hi");
    await runAlarms(rig, 26 * 3_600_000);
    expect(rig.runtime.pendingTimers).toBe(0);
    expect(rig.runtime.alarmAt).toBeUndefined();
  });

  it("[SYNC-1] pulls a channel whose version in Postgres is ahead", async () => {
    const rig = await rigWithChannel();
    const { channel: info, joined, users } = creation(1, 2);
    rig.snapshots.set(channel, {
      channel: { ...info, name: "Renamed" },
      version: 3,
      last_seq: 0,
      last_message_id: null,
      deleted: false,
      users,
      members: joined.map((one) => ({ ...one, read_seq: 0, delivered_seq: 0 })),
    });
    rig.archive.versions = new Map([[channel, 3]]);
    const { socket } = await rig.connect(ana);
    const gone = await rig.connect(uuid("user", 3));
    await rig.send(channel, ana, "hi");
    await rig.runtime.advance(2_000);
    expect(socket.of("channel.updated")[0]?.data.channel.name).toBe("Renamed");
    expect(gone.socket.of("member.left")[0]?.data.user_ids).toEqual([uuid("user", 3)]);
    await rig.send(channel, ana, "without you");
    await rig.runtime.advance(10);
    expect(gone.socket.messages.map((message) => message.content)).toEqual(["hi"]);
  });
});

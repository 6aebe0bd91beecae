import { describe, expect, it } from "vitest";
import { encodeResumeCursor } from "../../../src/domain/resume-cursor.ts";
import { createRig, creation, MemoryArchive, profile, type RigOptions, uuid } from "../../support/hub-rig.ts";
import { MemoryPrivacy } from "../../support/memory-privacy.ts";

const channel = uuid("channel", 1);
const [ana, budi] = [uuid("user", 1), uuid("user", 2)];
const FILE = "https://files.example.test/chat/w/secret.png";
/** Whatever of Ana must not be found any more: words, file, name, external id, keys. */
const TRACES = ["zanzibar", "secret.png", "User 1", "user-1", "key-of-ana", "🎉"];

function privacyRig(options: RigOptions & { privacy?: never; archive?: MemoryArchive } = {}) {
  const archive = options.archive ?? new MemoryArchive();
  const privacy = new MemoryPrivacy(archive);
  const rig = createRig({ ...options, archive, privacy: privacy.options });
  const alarms = async (atMost: number) => {
    for (let n = 0; n < atMost && rig.hub.erasure?.find(ana)?.state !== "done"; n++) {
      await rig.runtime.advance(3_000);
      await rig.hub.alarm();
    }
  };
  /** Every value of every table of the hub. */
  const dump = () => {
    const tables = rig.sql.all<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table'`);
    return tables.map(({ name }) => JSON.stringify(rig.sql.all(`SELECT * FROM ${name}`))).join("\n");
  };
  return { ...rig, privacy, alarms, dump };
}

/** Ana talks, is quoted, mentioned, reacts; then her memberships are gone, as the erasure's first step has it. */
async function talk(rig: ReturnType<typeof privacyRig>) {
  await rig.hub.applyChannel(channel, 1, creation(1, 3));
  const secret = await rig.send(channel, ana, "the zanzibar secret", { idempotency_key: "key-of-ana" });
  const reply = await rig.send(channel, budi, "what?", { parent_id: secret.id, mentions: ["user-1"] });
  await rig.hub.messageChanges.react({ channel, messageId: reply.id, userId: ana, emoji: "🎉" });
  await rig.send(channel, ana, "", { attachment_url: FILE });
  rig.privacy.files.add(FILE);
  await rig.hub.messageChanges.edit({
    channel,
    messageId: secret.id,
    actor: { userId: ana },
    body: { content: "zanzibar, edited" },
  });
  for (let n = 0; n < 250; n++) await rig.send(channel, ana, `zanzibar ${n}`);
  await rig.runtime.advance(1_000);
  const snapshot = {
    ...creation(1, 3),
    version: 2,
    deleted: false,
    last_seq: 0,
    last_message_id: null,
    members: [budi, uuid("user", 3)].map((user_id) => ({
      user_id,
      role: "member" as const,
      joined_at: "2026-01-01T00:00:00.000Z",
      read_seq: 0,
      delivered_seq: 0,
    })),
    users: [profile(2), profile(3)],
  };
  rig.snapshots.set(channel, snapshot);
  return { secret, reply };
}

describe("erasure of a user", () => {
  it("[ERASE-1] leaves nothing of the user in the hub's storage, its journal included", async () => {
    const rig = privacyRig();
    const { secret, reply } = await talk(rig);
    for (const trace of TRACES) expect([trace, rig.dump().includes(trace)]).toEqual([trace, true]);
    const keysOf = (userId: string) =>
      rig.sql.all(`SELECT client_id FROM journal WHERE user_id = ? AND client_id IS NOT NULL`, userId).length;
    expect(keysOf(ana)).toBeGreaterThan(0);
    const watching = await rig.connect(budi);
    expect(await rig.hub.erasure?.start(ana, "user-1")).toMatchObject({ user_id: ana, state: "running" });
    expect(rig.hub.directory.channel(channel)?.members.has(ana)).toBe(false);
    await rig.alarms(20);
    expect(rig.hub.erasure?.find(ana)).toEqual({ user_id: ana, state: "done", messages: 252 });
    expect(keysOf(ana)).toBe(0);
    const dump = rig.dump();
    // The name of user 10 or of a channel is not hers; no other here begins like it.
    for (const trace of TRACES) expect([trace, dump.includes(trace)]).toEqual([trace, false]);
    expect(JSON.stringify(rig.archive.rows)).not.toContain("zanzibar");
    expect(rig.archive.rows.find((row) => row.id === reply.id)).toMatchObject({ content: "what?", mentions: [] });
    expect(rig.archive.reactions.get(reply.id)?.size).toBe(0);
    expect(rig.privacy.files.size).toBe(0);
    expect(rig.privacy.forgotten).toEqual([ana]);
    expect(watching.socket.of("message.deleted").map((frame) => frame.data.message_id)).toContain(secret.id);
    expect(watching.socket.of("message.deleted")).toHaveLength(252);
    expect(watching.socket.of("message.reaction.removed")).toMatchObject([{ data: { user_id: ana, emoji: "🎉" } }]);
  });

  it("[ERASE-1] also of what Postgres refused, which stays in the journal when the rest of it is trimmed", async () => {
    const rig = privacyRig();
    await rig.hub.applyChannel(channel, 1, creation(1, 3));
    rig.archive.refused.add("the zanzibar secret");
    const key = { idempotency_key: "key-of-ana" };
    await rig.send(channel, ana, "the zanzibar secret", key);
    for (let n = 0; n < 5_000; n++) await rig.send(channel, budi, `what? ${n}`);
    await rig.runtime.advance(5_000);
    expect(rig.hub.stats().parked).toBe(1);
    rig.hub.journal.trim(rig.runtime.now() + 1, 10_000);
    expect(rig.hub.journal.trimmed).toBeGreaterThan(4_000);
    expect(rig.dump()).toContain("zanzibar");
    expect(rig.hub.journal.sendKeys.find(ana, channel, "key-of-ana")).toBeDefined();
    await rig.hub.erasure?.start(ana, "user-1");
    await rig.alarms(20);
    expect(rig.hub.erasure?.find(ana)?.state).toBe("done");
    for (const trace of ["zanzibar", "key-of-ana"]) expect(rig.dump()).not.toContain(trace);
    expect(rig.hub.journal.sendKeys.find(ana, channel, "key-of-ana")).toBeUndefined();
  });

  it("[ERASE-2] sends who comes back with an older cursor to history, and others on as before", async () => {
    const rig = privacyRig();
    await talk(rig);
    const before = encodeResumeCursor({ epoch: rig.hub.journal.epoch, seq: 2 });
    await rig.hub.erasure?.start(ana, "user-1");
    await rig.alarms(20);
    const back = await rig.connect(budi, { held: true });
    await back.say({ type: "resume", data: { cursor: before } });
    expect(back.socket.of("resync")).toMatchObject([{ data: { reason: "journal_trimmed" } }]);
    expect(back.socket.messages).toEqual([]);
    const after = encodeResumeCursor({ epoch: rig.hub.journal.epoch, seq: rig.hub.journal.head });
    await rig.send(channel, budi, "life goes on");
    const other = await rig.connect(budi, { held: true });
    await other.say({ type: "resume", data: { cursor: after } });
    expect(other.socket.messages.map((message) => message.content)).toEqual(["life goes on"]);
  });

  it("[ERASE-3] ends the same after a failure or a crash at any point", async () => {
    let crashes = 0;
    for (let failAfter = 1; ; failAfter++) {
      const rig = privacyRig();
      await talk(rig);
      rig.privacy.failAfter = failAfter;
      await rig.hub.erasure?.start(ana, "user-1").catch(() => undefined);
      await rig.alarms(failAfter % 5);
      // The object ends here and begins again on the same storage.
      const woken = privacyRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive, snapshots: rig.snapshots });
      for (const file of rig.privacy.files) woken.privacy.files.add(file);
      await woken.alarms(60);
      expect([failAfter, woken.hub.erasure?.find(ana)?.state]).toEqual([failAfter, "done"]);
      for (const trace of TRACES)
        expect([failAfter, trace, woken.dump().includes(trace)]).toEqual([failAfter, trace, false]);
      const left = woken.archive.rows.filter((row) => row.user_id === ana && row.deleted_at === null);
      expect(left).toEqual([]);
      expect(woken.privacy.files.size).toBe(0);
      if (rig.privacy.calls < failAfter) break;
      crashes++;
    }
    expect(crashes).toBeGreaterThan(5);
  });

  it("[ERASE-4] waits for Postgres as long as it is away, and stops no send", async () => {
    const rig = privacyRig();
    await talk(rig);
    await rig.hub.erasure?.start(ana, "user-1");
    rig.archive.up = false;
    for (let n = 0; n < 5; n++) {
      await rig.runtime.advance(70_000);
      await rig.hub.alarm();
    }
    expect((await rig.send(channel, budi, "still here")).content).toBe("still here");
    expect(rig.hub.erasure?.find(ana)?.state).toBe("running");
    rig.archive.up = true;
    await rig.runtime.advance(70_000);
    // Archive and erasure wait up to a minute each before they try again, and more than once one after the other.
    await rig.alarms(200);
    expect(rig.hub.erasure?.find(ana)?.state).toBe("done");
  });
});

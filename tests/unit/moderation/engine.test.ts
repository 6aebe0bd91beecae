import { describe, expect, it } from "vitest";
import type { ArchivedAct } from "../../../src/domain/hub-ports.ts";
import {
  defaultWorkspaceSettings,
  type WorkspaceSettings,
  workspaceSettingsSchema,
} from "../../../src/protocol/workspace.ts";
import { createRig, creation, type RigOptions, settleMicrotasks, uuid } from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const [ana, budi, cici, stranger] = [uuid("user", 1), uuid("user", 2), uuid("user", 3), uuid("user", 9)];

type Rig = ReturnType<typeof createRig>;

const moderated = (moderation: Record<string, unknown> = {}): WorkspaceSettings =>
  workspaceSettingsSchema().parse({ moderation: { enabled: true, ...moderation } });

/** A group with admin ana and members budi and cici, moderated as given. */
async function rigWith(moderation?: Record<string, unknown>, options: RigOptions = {}): Promise<Rig> {
  const rig = createRig(options);
  await rig.hub.applyChannel(channel, 1, creation(1, 3));
  if (moderation !== undefined) rig.hub.settings.apply(1, moderated(moderation));
  await rig.runtime.advance(300);
  return rig;
}

const send = (rig: Rig, userId: string, content: string, more = {}) =>
  rig.hub.send({ channel, sender: { userId }, body: { content, ...more } });
const mute = (rig: Rig, actor: string | undefined, userId: string, until: string | null = null) =>
  rig.hub.mutes.set({
    channel,
    userId,
    actor: actor === undefined ? { workspace: true } : { userId: actor },
    muted: true,
    until,
  });
const unmute = (rig: Rig, actor: string, userId: string) =>
  rig.hub.mutes.set({ channel, userId, actor: { userId: actor }, muted: false, until: null });
const at = (rig: Rig, ms: number) => new Date(rig.runtime.time + ms).toISOString();
const refused = (code: string) => expect.objectContaining({ ok: false, error: expect.objectContaining({ code }) });
const typesAfter = (rig: Rig, seq: number) => rig.hub.journal.read(seq, 100).map((event) => event.type);
const acts = (rig: Rig): ArchivedAct[] => rig.archive.batches.flatMap((batch) => batch.acts);

describe("mutes", () => {
  it("[MUTE-1] a muted member neither sends nor edits, but reads, reacts and takes back", async () => {
    const rig = await rigWith();
    const [own, other] = [await rig.send(channel, budi, "before"), await rig.send(channel, ana, "hello")];
    expect(await mute(rig, ana, budi)).toEqual({ ok: true, value: null });
    expect(await send(rig, budi, "x")).toEqual(refused("MUTED"));
    const target = { channel, messageId: own.id, actor: { userId: budi } };
    expect(await rig.hub.messageChanges.edit({ ...target, body: { content: "after" } })).toEqual(refused("MUTED"));
    const reacted = await rig.hub.messageChanges.react({ channel, messageId: other.id, userId: budi, emoji: "👍" });
    expect(reacted.ok).toBe(true);
    expect((await rig.hub.receipt({ kind: "read", channel, userId: budi })).ok).toBe(true);
    expect((await rig.hub.messageChanges.unsend(target)).ok).toBe(true);
    expect((await send(rig, cici, "x")).ok).toBe(true);
  });

  it("[MUTE-2] comes right behind membership, and before everything else that may be wrong", async () => {
    const rig = await rigWith();
    await mute(rig, ana, budi);
    await mute(rig, ana, stranger);
    expect(await send(rig, budi, "x".repeat(9_000), { mentions: ["user-9"] })).toEqual(refused("MUTED"));
    expect(await send(rig, stranger, "x")).toEqual(refused("NOT_A_MEMBER"));
  });

  it("[MUTE-3] an acknowledged message stays acknowledged: its repeat is answered in spite of the mute", async () => {
    const rig = await rigWith();
    const first = await rig.send(channel, budi, "once", { idempotency_key: "k" });
    await mute(rig, ana, budi);
    expect(await rig.send(channel, budi, "once", { idempotency_key: "k" })).toEqual(first);
  });

  it("[MUTE-4] ends at its time to the millisecond, without a timer, also across a wake", async () => {
    const rig = await rigWith();
    await mute(rig, ana, budi, at(rig, 10_000));
    await rig.runtime.advance(1_000);
    const { alarmAt, pendingTimers } = { alarmAt: rig.runtime.alarmAt, pendingTimers: rig.runtime.pendingTimers };
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    expect(rig.runtime).toMatchObject({ alarmAt, pendingTimers });
    await rig.runtime.advance(8_999);
    expect(await send(woken, budi, "too early")).toEqual(refused("MUTED"));
    await rig.runtime.advance(1);
    expect((await send(woken, budi, "now")).ok).toBe(true);
  });

  it("[MUTE-5] is set and ended by admins and the workspace's server only; repeats are no events", async () => {
    const rig = await rigWith();
    expect(await mute(rig, cici, budi)).toEqual(refused("FORBIDDEN"));
    expect(await mute(rig, stranger, budi)).toEqual(refused("NOT_A_MEMBER"));
    const { head } = rig.hub.journal;
    const until = at(rig, 60_000);
    for (const actor of [ana, undefined]) await mute(rig, actor, budi, until);
    expect(await unmute(rig, budi, budi)).toEqual(refused("FORBIDDEN"));
    await mute(rig, undefined, budi, null);
    for (let n = 0; n < 2; n++) await unmute(rig, ana, budi);
    expect(typesAfter(rig, head)).toEqual(["member.muted", "member.muted", "member.unmuted"]);
    expect((await send(rig, budi, "x")).ok).toBe(true);
  });

  it("[MUTE-6] tells the muted member and the admins, live and on resume, and nobody else", async () => {
    const rig = await rigWith();
    const sockets = await Promise.all([ana, budi, cici].map((userId) => rig.connect(userId)));
    const { journal } = rig.hub;
    const [epoch, from] = [journal.epoch, journal.head];
    await mute(rig, ana, budi);
    await rig.runtime.advance(300);
    expect(sockets.map(({ socket }) => socket.of("member.muted").length)).toEqual([1, 1, 0]);
    expect(sockets[1]?.socket.of("member.muted")[0]?.data).toMatchObject({
      user_id: budi,
      until: null,
      by_user_id: ana,
    });
    const { encodeResumeCursor } = await import("../../../src/domain/resume-cursor.ts");
    const cursor = encodeResumeCursor({ epoch, seq: from });
    const counts = [];
    for (const userId of [ana, budi, cici]) {
      const again = await rig.connect(userId, { held: true });
      await again.say({ type: "resume", data: { cursor } });
      counts.push(again.socket.of("resumed")[0]?.data.count);
    }
    expect(counts).toEqual([1, 1, 0]);
  });

  it("[MUTE-7] is of the user: leaving and coming back ends none; a hub that starts anew learns it from Postgres", async () => {
    const rig = createRig();
    const { channel: info, joined, users } = creation(1, 2);
    rig.snapshots.set(channel, {
      channel: info,
      version: 4,
      last_seq: 0,
      last_message_id: null,
      deleted: false,
      users,
      members: joined.map((one) => ({ ...one, read_seq: 0, delivered_seq: 0 })),
      mutes: [{ user_id: budi, until: at(rig, 60_000) }],
    });
    expect(await send(rig, budi, "x")).toEqual(refused("MUTED"));
    const base = { channel: info, deleted: false, updated: false, users, joined: [], roleChanged: [], left: [] };
    await rig.hub.applyChannel(channel, 5, { ...base, version: 5, left: [budi] });
    const back = joined.filter((one) => one.user_id === budi);
    await rig.hub.applyChannel(channel, 6, { ...base, version: 6, joined: back });
    expect(await send(rig, budi, "x")).toEqual(refused("MUTED"));
    await rig.runtime.advance(60_000);
    expect((await send(rig, budi, "x")).ok).toBe(true);
  });

  it("[AUDIT-1] carries mutes and acts to Postgres in the journal's order, the last state of each mute", async () => {
    const rig = await rigWith();
    await mute(rig, ana, budi);
    await unmute(rig, ana, budi);
    await mute(rig, undefined, cici);
    const message = await rig.send(channel, budi, "words");
    await rig.hub.messageChanges.unsend({ channel, messageId: message.id, actor: { userId: ana } });
    await rig.hub.archiver.drain();
    const mutes = rig.archive.batches.flatMap((batch) => batch.mutes);
    expect(mutes).toMatchObject([
      { user_id: budi, muted: false },
      { user_id: cici, muted: true, until: null, muted_by: null, rule: null },
    ]);
    expect(acts(rig)).toMatchObject([
      { act: "member.muted", actor: "user", actor_id: ana, user_id: budi, channel_id: channel },
      { act: "member.unmuted", actor: "user", actor_id: ana, user_id: budi },
      { act: "member.muted", actor: "workspace", actor_id: null, user_id: cici },
      { act: "message.unsent", actor: "user", actor_id: ana, user_id: budi, message_id: message.id },
    ]);
    const ids = acts(rig).map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
  });

  it("[AUDIT-1] has no entry for who takes back its own words", async () => {
    const rig = await rigWith();
    const message = await rig.send(channel, budi, "words");
    await rig.hub.messageChanges.unsend({ channel, messageId: message.id, actor: { userId: budi } });
    await rig.hub.archiver.drain();
    expect(acts(rig)).toEqual([]);
  });
});

describe("rules in the hub", () => {
  it("[MOD-6] does nothing in a workspace that has not turned it on", async () => {
    const rig = await rigWith();
    const { head } = rig.hub.journal;
    for (let n = 0; n < 10; n++) expect((await rig.send(channel, budi, "fuck example.com")).content).toContain("fuck");
    expect(new Set(typesAfter(rig, head))).toEqual(new Set(["message.created"]));
  });

  it("[MOD-9] stores a masked message masked: in the answer, live, on a repeat, and in the archive", async () => {
    const rig = await rigWith({});
    const { socket } = await rig.connect(cici);
    const sent = await rig.send(channel, budi, "what the fuck", { idempotency_key: "k" });
    expect(sent.content).toBe("what the ***");
    expect(await rig.send(channel, budi, "what the fuck", { idempotency_key: "k" })).toEqual(sent);
    await rig.runtime.advance(300);
    await rig.hub.archiver.drain();
    expect(socket.messages.map(({ content }) => content)).toEqual(["what the ***"]);
    expect(rig.archive.rows.at(-1)?.content).toBe("what the ***");
    const everything = JSON.stringify([rig.hub.journal.read(0, 100), rig.archive.batches, socket.frames]);
    expect(everything).not.toContain("fuck");
  });

  it("[MOD-10] stores a flagged message as it is, and tells the admins and the audit log, not the author", async () => {
    const rig = await rigWith({ link: { enabled: true, action: "flag" } });
    const sockets = await Promise.all([ana, budi, cici].map((userId) => rig.connect(userId)));
    const { head } = rig.hub.journal;
    const sent = await rig.send(channel, budi, "see example.com");
    expect(sent.content).toBe("see example.com");
    expect(typesAfter(rig, head)).toEqual(["message.created", "message.moderated"]);
    await rig.runtime.advance(300);
    expect(sockets.map(({ socket }) => socket.of("message.moderated").length)).toEqual([1, 0, 0]);
    expect(sockets[0]?.socket.of("message.moderated")[0]?.data).toMatchObject({
      message_id: sent.id,
      user_id: budi,
      rule: "link",
      action: "flag",
      rules: ["link"],
    });
    await rig.hub.archiver.drain();
    expect(acts(rig)).toMatchObject([
      { act: "message.moderated", actor: "automatic", user_id: budi, message_id: sent.id, details: { action: "flag" } },
    ]);
  });

  it("[MOD-11] refuses with MESSAGE_REJECTED, keeps nothing of the text, and uses up no seq", async () => {
    const rig = await rigWith({ profanity: { enabled: true, action: "reject" } });
    const { head } = rig.hub.journal;
    const result = await send(rig, budi, "you goblok", { idempotency_key: "k" });
    expect(result).toEqual(refused("MESSAGE_REJECTED"));
    expect(typesAfter(rig, head)).toEqual(["message.moderated"]);
    await rig.hub.archiver.drain();
    expect(JSON.stringify([rig.hub.journal.read(0, 100), rig.archive.batches])).not.toContain("goblok");
    expect(acts(rig)).toMatchObject([{ act: "message.moderated", message_id: null, details: { action: "reject" } }]);
    expect((await rig.send(channel, budi, "you", { idempotency_key: "k" })).seq).toBe(1);
  });

  it("[MOD-12] auto_mute refuses the message and mutes its sender in this channel for as long as is set", async () => {
    const rig = await rigWith({ mute_seconds: 60 });
    await rig.hub.applyChannel(uuid("channel", 2), 1, creation(2, 3));
    for (let n = 0; n < 5; n++) expect((await send(rig, budi, `n ${n}`)).ok).toBe(true);
    expect(await send(rig, budi, "one too many")).toEqual(refused("MESSAGE_REJECTED"));
    expect(await send(rig, budi, "and more")).toEqual(refused("MUTED"));
    expect((await send(rig, cici, "others")).ok).toBe(true);
    const elsewhere = { channel: uuid("channel", 2), sender: { userId: budi }, body: { content: "hi" } };
    expect((await rig.hub.send(elsewhere)).ok).toBe(true);
    await rig.runtime.advance(60_000);
    expect((await send(rig, budi, "back")).ok).toBe(true);
    await rig.hub.archiver.drain();
    expect(acts(rig)).toMatchObject([
      { act: "message.moderated", actor: "automatic", details: { rule: "flood", action: "auto_mute" } },
      { act: "member.muted", actor: "automatic", actor_id: null, user_id: budi, details: { rule: "flood" } },
    ]);
    expect(rig.archive.batches.flatMap((batch) => batch.mutes)).toMatchObject([{ muted: true, rule: "flood" }]);
  });

  it("[MOD-13] judges last: what is refused for another reason is neither moderated nor part of a flood", async () => {
    const rig = await rigWith({ profanity: { enabled: true, action: "reject" } });
    const { head } = rig.hub.journal;
    for (let n = 0; n < 10; n++) {
      expect(await send(rig, budi, "goblok", { mentions: ["user-9"] })).toEqual(refused("VALIDATION_ERROR"));
    }
    expect(await send(rig, budi, "x".repeat(9_000))).toEqual(refused("MESSAGE_TOO_LARGE"));
    expect(rig.hub.journal.head).toBe(head);
    expect((await send(rig, budi, "fine")).ok).toBe(true);
  });

  it("[MOD-14] judges the new text of an edit, but not what the workspace's server writes, nor system messages", async () => {
    const rig = await rigWith({ link: { enabled: true, action: "reject" } });
    const message = await rig.send(channel, budi, "fine");
    const edit = (actor: { userId: string } | { workspace: true }, content: string) =>
      rig.hub.messageChanges.edit({ channel, messageId: message.id, actor, body: { content } });
    expect(await edit({ userId: budi }, "so fucking fine")).toMatchObject({ value: { content: "so *** fine" } });
    const { head } = rig.hub.journal;
    expect(await edit({ userId: budi }, "so fucking fine")).toMatchObject({ value: { content: "so *** fine" } });
    expect(typesAfter(rig, head)).not.toContain("message.updated");
    expect(await edit({ userId: budi }, "see example.com")).toEqual(refused("MESSAGE_REJECTED"));
    expect(await edit({ workspace: true }, "see example.com")).toMatchObject({ value: { content: "see example.com" } });
    const system = await rig.hub.send({ channel, sender: { system: true }, body: { content: "fuck", type: "system" } });
    expect(system.ok).toBe(true);
  });

  it("[MOD-15] judges what a server sends in a user's name, and its mutes hold there", async () => {
    const rig = await rigWith({});
    const sent = await rig.hub.send({ channel, sender: { userRef: "user-2" }, body: { content: "fuck" } });
    expect(sent.ok && JSON.parse(sent.value.messageJson).content).toBe("***");
    await mute(rig, ana, budi);
    const next = await rig.hub.send({ channel, sender: { userRef: "user-2" }, body: { content: "hi" } });
    expect(next).toEqual(refused("MUTED"));
  });
});

describe("settings in the hub", () => {
  it("[SET-3] a hub that never heard of settings asks once in the background, and a send does not wait for it", async () => {
    let asked = 0;
    let answer: (value: { version: number; settings: WorkspaceSettings }) => void = () => {};
    const settingsSource = {
      load: () => {
        asked++;
        return new Promise<{ version: number; settings: WorkspaceSettings }>((resolve) => {
          answer = resolve;
        });
      },
    };
    const rig = await rigWith(undefined, { settingsSource });
    expect((await rig.send(channel, budi, "fuck")).content).toBe("fuck");
    expect((await rig.send(channel, cici, "fuck")).content).toBe("fuck");
    expect(asked).toBe(1);
    answer({ version: 0, settings: moderated() });
    await settleMicrotasks();
    expect((await rig.send(channel, budi, "fuck")).content).toBe("***");
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive, settingsSource });
    expect((await woken.send(channel, budi, "fuck")).content).toBe("***");
    expect(asked).toBe(1);
  });

  it("[SET-3] asks again where Postgres did not answer, but not with every message", async () => {
    let asked = 0;
    const settingsSource = {
      load: async () => {
        asked++;
        if (asked === 1) throw new Error("connection refused");
        return { version: 3, settings: moderated() };
      },
    };
    const rig = await rigWith(undefined, { settingsSource });
    for (let n = 0; n < 5; n++) {
      await rig.send(channel, budi, "fuck");
      await settleMicrotasks();
    }
    expect(asked).toBe(1);
    await rig.runtime.advance(10_000);
    await rig.send(channel, budi, "fuck");
    await settleMicrotasks();
    expect((await rig.send(channel, budi, "fuck")).content).toBe("***");
    expect(asked).toBe(2);
  });

  it("[SET-4] newer settings win over what a late answer brings", async () => {
    let answer: (value: { version: number; settings: WorkspaceSettings }) => void = () => {};
    const settingsSource = {
      load: () =>
        new Promise<{ version: number; settings: WorkspaceSettings }>((resolve) => {
          answer = resolve;
        }),
    };
    const rig = await rigWith(undefined, { settingsSource });
    await rig.send(channel, budi, "hi");
    rig.hub.settings.apply(2, moderated());
    answer({ version: 1, settings: defaultWorkspaceSettings() });
    await settleMicrotasks();
    expect((await rig.send(channel, budi, "fuck")).content).toBe("***");
  });

  it("[STATS-1] counts the messages of the day, from the journal after a wake, and anew after midnight", async () => {
    const rig = await rigWith();
    for (let n = 0; n < 3; n++) await rig.send(channel, budi, `m ${n}`);
    expect(rig.hub.stats().messagesToday).toBe(3);
    await rig.send(channel, budi, "m 4");
    expect(rig.hub.stats().messagesToday).toBe(4);
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    expect(woken.hub.stats().messagesToday).toBe(4);
    await rig.runtime.advance(24 * 3_600_000);
    expect(woken.hub.stats().messagesToday).toBe(0);
    await woken.send(channel, budi, "new day");
    expect(woken.hub.stats()).toMatchObject({ messagesToday: 1, connections: 0, parked: 0 });
  });
});

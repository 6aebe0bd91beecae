import { describe, expect, it } from "vitest";
import { FOR_GOOD, type PushOutcome } from "../../../src/domain/push.ts";
import { createRig, creation, type RigOptions, uuid } from "../../support/hub-rig.ts";
import { createPushRig, FakePush, passTime, sleep, wake } from "../../support/push-rig.ts";

const channel = uuid("channel", 1);
const other = uuid("channel", 2);
const [ana, budi, citra] = [uuid("user", 1), uuid("user", 2), uuid("user", 3)];
const HOUR = 3_600_000;

async function rigWithChannel(push: FakePush, members = 3, options: RigOptions = {}) {
  const rig = createPushRig(push, options);
  await rig.hub.applyChannel(channel, 1, creation(1, members));
  await rig.hub.applyChannel(other, 1, creation(2, members));
  await rig.runtime.advance(300);
  return rig;
}

function everybody(): FakePush {
  const push = new FakePush();
  push.device(ana, "fcm/ana");
  push.device(budi, "fcm/budi");
  push.device(citra, "fcm/citra", "web/citra");
  return push;
}

describe("who is pushed", () => {
  it("[PUSH-1] all devices of all members but the sender, with title and ids and nothing else", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push);
    const message = await rig.send(channel, ana, "the body is a secret");
    await passTime(rig, 1_000);
    expect(push.tokens.sort()).toEqual(["fcm/budi", "fcm/citra", "web/citra"]);
    const { token: _token, at: _at, ...first } = push.attempts[0] ?? { token: "", at: 0 };
    expect(first).toEqual({
      title: "User 1 sent a message",
      channelId: channel,
      messageId: message.id,
      ttlSeconds: 24 * 3600,
    });
    expect(JSON.stringify(push.attempts)).not.toContain("secret");
  });

  it("[PUSH-1] a system message has no sender to name or to leave out", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push, 2);
    await rig.hub.send({ channel, sender: { system: true }, body: { content: "moved", type: "system" } });
    await passTime(rig, 1_000);
    expect(push.attempts.map(({ token, title }) => [token, title]).sort()).toEqual([
      ["fcm/ana", "New message"],
      ["fcm/budi", "New message"],
    ]);
  });

  it("[PUSH-1] nobody for a message that came before joining, and nobody who has left", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push, 2);
    const { channel: info } = creation(1, 2);
    await rig.send(channel, ana, "before");
    const three = creation(1, 3);
    const joined = { ...three, version: 2, joined: three.joined.slice(2), users: three.users.slice(2) };
    await rig.hub.applyChannel(channel, 2, joined);
    await rig.hub.applyChannel(channel, 3, {
      ...joined,
      channel: info,
      version: 3,
      joined: [],
      users: [],
      left: [budi],
    });
    await passTime(rig, 1_000);
    expect(push.tokens).toEqual([]);
    await rig.send(channel, ana, "after");
    await passTime(rig, 1_000);
    expect(push.tokens.sort()).toEqual(["fcm/citra", "web/citra"]);
  });

  it("[PUSH-2] not who mutes all pushes or the channel, until the mute ends; not who blocks the sender", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push);
    push.device(ana, "fcm/ana").mutedUntil = rig.runtime.time + HOUR;
    push.device(budi, "fcm/budi").channels = { [channel]: rig.runtime.time + 2 * HOUR, [other]: 1 };
    push.device(citra, "fcm/citra").blocked = [budi];
    await rig.send(channel, budi, "nobody");
    await passTime(rig, 1_000);
    expect(push.tokens).toEqual([]);
    await rig.send(channel, citra, "muted both");
    await rig.send(other, citra, "budi only");
    await passTime(rig, 1_000);
    expect(push.tokens).toEqual(["fcm/budi"]);
    await passTime(rig, HOUR);
    await rig.send(channel, citra, "ana again");
    await passTime(rig, 1_000);
    expect(push.tokens).toEqual(["fcm/budi", "fcm/ana"]);
  });

  it("[PUSH-2] a change counts for the next message, also one that overtakes a read of Postgres", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push, 2);
    push.duringLoad = () => {
      push.device(budi, "fcm/budi").mutedUntil = FOR_GOOD;
      rig.hub.pushChanged([budi]);
    };
    await rig.send(channel, ana, "one");
    await passTime(rig, 1_000);
    expect(push.tokens).toEqual([]);
    push.device(budi, "fcm/new");
    await rig.send(channel, ana, "not told yet");
    await passTime(rig, 1_000);
    expect(push.tokens).toEqual([]);
    rig.hub.pushChanged([budi]);
    await rig.send(channel, ana, "told");
    await passTime(rig, 1_000);
    expect(push.tokens).toEqual(["fcm/new"]);
  });

  it("[PUSH-2] Postgres is asked once for each user, not for each message", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push);
    for (let n = 0; n < 5; n++) {
      await rig.send(channel, ana, `m${n}`);
      await passTime(rig, 1_000);
    }
    expect(push.loads).toEqual([[budi, citra]]);
    const woken = wake(push, rig);
    await woken.send(channel, ana, "after a wake");
    await passTime(woken, 1_000);
    expect(push.loads).toHaveLength(1);
    expect(push.tokens).toHaveLength(18);
  });

  it("[PUSH-3] not who has the channel open; who has another one open, or none, is", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push);
    const mine = await rig.connect(budi);
    await mine.say({ type: "channel.focus", id: "f1", data: { channel_id: "channel-1" } });
    expect(mine.socket.of("ok")).toHaveLength(1);
    await rig.send(channel, ana, "seen");
    await rig.send(other, ana, "elsewhere");
    await passTime(rig, 1_000);
    const pushed = () => push.attempts.filter(({ token }) => token === "fcm/budi").map(({ channelId }) => channelId);
    expect(pushed()).toEqual([other]);
    await mine.say({ type: "channel.focus", data: { channel_id: null } });
    await rig.send(channel, ana, "in the background");
    await passTime(rig, 1_000);
    expect(pushed()).toEqual([other, channel]);
  });

  it("[PUSH-3] one open device is enough, and what is open outlives hibernation", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push, 2);
    const [phone, laptop] = [await rig.connect(budi), await rig.connect(budi)];
    await phone.say({ type: "channel.focus", data: { channel_id: null } });
    await laptop.say({ type: "channel.focus", data: { channel_id: channel } });
    const woken = wake(push, rig);
    for (const { socket } of [phone, laptop]) {
      if (socket.stored !== undefined) woken.sessions.restore(socket, socket.stored);
    }
    await woken.send(channel, ana, "open on the laptop");
    await passTime(woken, 1_000);
    expect(push.tokens).toEqual([]);
    await woken.send(other, ana, "open nowhere");
    await passTime(woken, 1_000);
    expect(push.tokens).toEqual(["fcm/budi"]);
  });

  it("[PUSH-3] a connection that never says what is open keeps pushes away for 60 s after its last sign of life", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push, 2);
    const { socket } = await rig.connect(budi);
    await rig.send(channel, ana, "connected");
    await passTime(rig, 30_000);
    socket.autoResponse = rig.runtime.time;
    await passTime(rig, 50_000);
    await rig.send(channel, ana, "pinged 50 s ago");
    await passTime(rig, 1_000);
    expect(push.tokens).toEqual([]);
    await passTime(rig, 10_000);
    await rig.send(channel, ana, "silent");
    await passTime(rig, 1_000);
    expect(push.tokens).toEqual(["fcm/budi"]);
  });

  it("[PUSH-3] only a member can open a channel", async () => {
    const rig = await rigWithChannel(new FakePush(), 2);
    const stranger = await rig.connect(citra);
    await stranger.say({ type: "channel.focus", id: "f1", data: { channel_id: channel } });
    await stranger.say({ type: "channel.focus", id: "f2", data: { channel_id: "nowhere" } });
    expect(stranger.socket.of("error").map((frame) => [frame.id, frame.data.code])).toEqual([
      ["f1", "NOT_A_MEMBER"],
      ["f2", "NOT_FOUND"],
    ]);
  });

  it("[PUSH-4] not who has read the message in the meantime, and not for a message that was unsent", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push, 3);
    const message = await rig.send(channel, ana, "read at once");
    await rig.hub.receipt({ kind: "read", channel, userId: budi });
    await passTime(rig, 1_000);
    expect(push.tokens.sort()).toEqual(["fcm/citra", "web/citra"]);
    const unsent = await rig.send(channel, ana, "oops");
    await rig.hub.messageChanges.unsend({ channel, messageId: unsent.id, actor: { userId: ana } });
    await passTime(rig, 1_000);
    expect(new Set(push.attempts.map(({ messageId }) => messageId))).toEqual(new Set([message.id]));
  });
});

describe("delivery of pushes", () => {
  const later: PushOutcome = { kind: "retry", reason: "status 503" };

  it("[PUSH-5] a push that fails is tried again with growing pauses, and given up after 24 h", async () => {
    const push = new FakePush();
    push.device(budi, "fcm/budi");
    push.answer = () => later;
    const rig = await rigWithChannel(push, 2);
    await rig.send(channel, ana, "hi");
    await passTime(rig, 30 * HOUR);
    const pauses = push.attempts.slice(1).map(({ at }, index) => at - (push.attempts[index]?.at ?? 0));
    expect(pauses.length).toBeGreaterThan(90);
    expect(pauses.length).toBeLessThan(220);
    expect(Math.max(...pauses)).toBeLessThan(16 * 60_000);
    expect(pauses[0]).toBeGreaterThanOrEqual(2_500);
    const [first, last] = [push.attempts[0]?.at ?? 0, push.attempts.at(-1)?.at ?? 0];
    expect(last - first).toBeGreaterThan(23 * HOUR);
    expect(last - first).toBeLessThan(24 * HOUR);
    expect(rig.sql.all(`SELECT * FROM push_outbox`)).toEqual([]);
  });

  it("[PUSH-5] Retry-After is honoured across an eviction, for all devices of the service and for no others", async () => {
    const push = everybody();
    push.answer = (token) =>
      token.startsWith("fcm/") ? { ...later, pauseMs: 10 * 60_000, isService: true } : { kind: "sent" };
    const rig = await rigWithChannel(push);
    const asked = rig.runtime.time;
    await rig.send(channel, ana, "hi");
    await passTime(rig, 1_000);
    const inFlight = push.tokens.filter((token) => token.startsWith("fcm/")).length;
    expect(push.tokens).toContain("web/citra");
    push.answer = () => ({ kind: "sent" });
    const woken = wake(push, rig);
    await woken.send(channel, ana, "while FCM is away");
    await passTime(woken, 9 * 60_000);
    expect(push.tokens.filter((token) => token.startsWith("fcm/"))).toHaveLength(inFlight);
    expect(push.tokens.filter((token) => token === "web/citra")).toHaveLength(2);
    await passTime(woken, 3 * 60_000);
    const served = push.attempts.slice(inFlight).filter(({ token }) => token.startsWith("fcm/"));
    expect(served.map(({ token }) => token).sort()).toEqual(["fcm/budi", "fcm/budi", "fcm/citra", "fcm/citra"]);
    for (const { at } of served) expect(at - asked).toBeGreaterThanOrEqual(10 * 60_000);
  });

  it("[PUSH-5] a device whose quota is used up waits as long as it was told, and alone", async () => {
    const push = everybody();
    push.answer = (token) => (token === "fcm/budi" ? { ...later, pauseMs: 10 * 60_000 } : { kind: "sent" });
    const rig = await rigWithChannel(push);
    for (let n = 0; n < 8; n++) {
      await rig.send(channel, ana, `m${n}`);
      await passTime(rig, 60_000);
    }
    expect(push.tokens.filter((token) => token === "fcm/citra")).toHaveLength(8);
    expect(push.tokens.filter((token) => token === "fcm/budi")).toHaveLength(1);
    push.answer = () => ({ kind: "sent" });
    await passTime(rig, 3 * 60_000);
    const budis = push.attempts.filter(({ token }) => token === "fcm/budi").map(({ messageId }) => messageId);
    expect(budis).toHaveLength(9);
    expect(new Set(budis).size).toBe(8);
  });

  it("[PUSH-5] a dead device is tried once per pause, however many messages wait for it", async () => {
    const push = new FakePush();
    push.device(budi, "web/budi");
    push.answer = () => later;
    const rig = await rigWithChannel(push, 2);
    for (let n = 0; n < 300; n++) {
      await rig.send(channel, ana, `m${n}`);
      await passTime(rig, 1_000);
    }
    await passTime(rig, HOUR);
    expect(push.attempts.length).toBeLessThan(30);
    push.answer = () => ({ kind: "sent" });
    const failed = push.attempts.length;
    await passTime(rig, HOUR);
    expect(new Set(push.attempts.slice(failed).map(({ messageId }) => messageId)).size).toBe(300);
    expect(push.attempts.length - failed).toBe(300);
  });

  it("[PUSH-5] one device that always fails does not hold up the others of its service", async () => {
    const push = everybody();
    push.answer = (token) => (token === "fcm/budi" ? later : { kind: "sent" });
    const rig = await rigWithChannel(push);
    for (let n = 0; n < 20; n++) {
      await rig.send(channel, ana, `m${n}`);
      await passTime(rig, 20_000);
      expect(push.tokens.filter((token) => token === "fcm/citra")).toHaveLength(n + 1);
    }
  });

  it("[PUSH-5] what waits is not sent any more once it is read, muted, or its device is gone", async () => {
    const push = everybody();
    push.answer = () => later;
    const rig = await rigWithChannel(push);
    await rig.send(channel, ana, "hi");
    await passTime(rig, 1_000);
    const before = push.attempts.length;
    push.answer = () => ({ kind: "sent" });
    await rig.hub.receipt({ kind: "read", channel, userId: budi });
    push.device(citra, "web/citra");
    rig.hub.pushChanged([citra]);
    await passTime(rig, HOUR);
    expect(push.tokens.slice(before)).toEqual(["web/citra"]);
    expect(rig.sql.all(`SELECT * FROM push_outbox`)).toEqual([]);
  });

  it("[PUSH-7] a device that its service does not know any more is dropped, and only that one", async () => {
    const push = everybody();
    push.answer = (token) => (token === "fcm/citra" ? { kind: "gone" } : { kind: "sent" });
    const rig = await rigWithChannel(push);
    await rig.send(channel, ana, "one");
    await passTime(rig, 1_000);
    await rig.send(channel, ana, "two");
    await passTime(rig, 1_000);
    expect(push.dropped).toEqual(["fcm/citra"]);
    expect(push.tokens.filter((token) => token === "fcm/citra")).toHaveLength(1);
    expect(push.tokens.filter((token) => token === "web/citra")).toHaveLength(2);
  });

  it("[PUSH-8] an eviction between send and push, or while a service is away, loses none", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push, 2);
    await rig.send(channel, ana, "one");
    // Nothing has run yet: the object's memory is lost with its timers.
    const woken = wake(push, rig);
    push.answer = () => later;
    await passTime(woken, 3_000);
    expect(push.tokens).toContain("fcm/budi");
    const failed = push.attempts.length;
    push.answer = () => ({ kind: "sent" });
    await passTime(wake(push, rig), HOUR);
    expect(push.tokens.slice(failed)).toEqual(["fcm/budi"]);
  });

  it("[PUSH-8] a Postgres that does not answer delays pushes and loses none", async () => {
    const push = everybody();
    push.up = false;
    const rig = await rigWithChannel(push, 2);
    for (let n = 0; n < 3; n++) await rig.send(channel, ana, `m${n}`);
    await passTime(rig, 5 * 60_000);
    expect(push.tokens).toEqual([]);
    push.up = true;
    await passTime(rig, 2 * 60_000);
    expect(push.tokens).toEqual(["fcm/budi", "fcm/budi", "fcm/budi"]);
  });

  it("[PUSH-9] a channel of 3,000 members is pushed in bounded runs, across evictions, each device once", async () => {
    const push = new FakePush();
    const members = 3_000;
    for (let n = 2; n <= members; n += 3) push.device(uuid("user", n), `fcm/${n}`);
    let rig = await rigWithChannel(push, members);
    await rig.send(channel, ana, "to all");
    let most = 0;
    for (let alarms = 0; alarms < 40; alarms++) {
      const before = push.attempts.length;
      await passTime(rig, alarms === 0 ? 2_000 : 1);
      if (alarms === 0) continue;
      most = Math.max(most, push.attempts.length - before);
      if (alarms % 3 === 0) rig = wake(push, rig);
    }
    expect(new Set(push.tokens).size).toBe(1_000);
    expect(push.tokens).toHaveLength(1_000);
  });

  it("[PUSH-9] one run sends at most 200 and looks at no more than 1,000 members", async () => {
    const push = new FakePush();
    for (let n = 2; n <= 2_500; n++) push.device(uuid("user", n), `fcm/${n}`);
    const rig = await rigWithChannel(push, 2_500);
    await rig.send(channel, ana, "to all");
    await rig.runtime.advance(300);
    expect(push.attempts).toHaveLength(200);
    await rig.hub.alarm();
    expect(push.attempts).toHaveLength(400);
    expect(rig.runtime.alarmAt).toBe(rig.runtime.time);
    expect(Math.max(...push.loads.map((users) => users.length))).toBeLessThanOrEqual(1_000);
  });

  it("[PUSH-10] without a push service nothing is kept, and nothing old is pushed when one is set up", async () => {
    const push = everybody();
    push.answer = () => later;
    const rig = await rigWithChannel(push, 2);
    await rig.send(channel, ana, "one");
    await passTime(rig, 1_000);
    const off = createRig({ ...rig, runtime: sleep(rig.runtime) });
    await off.send(channel, ana, "while off");
    await passTime(off, 60_000);
    for (const table of ["push_profiles", "push_outbox", "push_pauses"]) {
      expect(off.sql.all(`SELECT * FROM ${table}`)).toEqual([]);
    }
    const before = push.attempts.length;
    push.answer = () => ({ kind: "sent" });
    const on = wake(push, rig);
    await passTime(on, HOUR);
    expect(push.attempts).toHaveLength(before);
    await on.send(channel, ana, "on again");
    await passTime(on, 1_000);
    expect(push.tokens.slice(before)).toEqual(["fcm/budi"]);
  });

  it("[PUSH-8] the journal keeps what waits to be pushed, and trims what does not", async () => {
    const push = everybody();
    const rig = await rigWithChannel(push, 2);
    expect(rig.hub.push?.doneThrough()).toBe(rig.hub.journal.head);
    push.answer = () => later;
    await rig.send(channel, ana, "one");
    const waiting = rig.hub.journal.head;
    await passTime(rig, 60_000);
    expect(rig.hub.push?.doneThrough()).toBe(waiting - 1);
    push.answer = () => ({ kind: "sent" });
    await passTime(rig, HOUR);
    expect(rig.hub.push?.doneThrough()).toBe(rig.hub.journal.head);
  });
});

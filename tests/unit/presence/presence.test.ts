import { describe, expect, it } from "vitest";
import { createRig, creation, profile, uuid } from "../../support/hub-rig.ts";
import { applySettings, type Client, hangUp, pass, type Rig, toldOf } from "../../support/presence.ts";

const channel = uuid("channel", 1);
const [ana, budi, cici, stranger] = [uuid("user", 1), uuid("user", 2), uuid("user", 3), uuid("user", 9)];

async function rigWithChannel(members = 3, setUp: (rig: Rig) => void = () => {}): Promise<Rig> {
  const rig = createRig();
  setUp(rig);
  await rig.hub.applyChannel(channel, 1, creation(1, members));
  await rig.runtime.advance(300);
  return rig;
}

/** The same storage under a new object, with the sockets that outlived the old one. */
function wake(rig: Rig, clients: readonly Client[]): { rig: Rig; connections: Client[] } {
  const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
  const connections = clients.map((client) => {
    if (client.socket.stored === undefined) throw new Error("nothing stored");
    const connection = woken.sessions.restore(client.socket, client.socket.stored);
    const say = (frame: unknown) => woken.sessions.receive(connection, JSON.stringify(frame));
    return { ...client, connection, say };
  });
  return { rig: woken, connections };
}

async function state(client: Client, frame: { type: string; data?: unknown } = { type: "presence.query" }) {
  client.socket.frames.length = 0;
  await client.say({ ...frame, id: "q" });
  const [answer] = client.socket.of("presence.state");
  if (answer === undefined) throw new Error(JSON.stringify(client.socket.frames));
  expect(answer.id).toBe("q");
  return answer.data;
}

describe("presence", () => {
  it("[PRES-1] tells people of a small channel who comes, goes away, comes back and leaves, and tells nobody else", async () => {
    const rig = await rigWithChannel();
    const [watcher, other] = [await rig.connect(ana), await rig.connect(stranger)];
    const b = await rig.connect(budi);
    for (const status of ["away", "away", "online"]) {
      await b.say({ type: "presence.set", id: "s", data: { status } });
      await pass(rig, 2, [watcher, other, b]);
    }
    const left = rig.runtime.time;
    hangUp(rig, b);
    await pass(rig, 25, [watcher, other]);
    expect(toldOf(watcher, budi)).toEqual(["online", "away", "online", "offline"]);
    expect(watcher.socket.of("presence.update").at(-1)?.data).toEqual({
      user_id: budi,
      external_id: "user-2",
      status: "offline",
      last_seen_at: new Date(left).toISOString(),
    });
    expect(b.socket.of("ok")).toHaveLength(3);
    expect(b.socket.of("presence.update")).toEqual([]);
    expect(other.socket.of("presence.update")).toEqual([]);
    expect(rig.hub.journal.head).toBe(1);
  });

  it("[PRES-2] a reload within 20 s shows nothing at all", async () => {
    const rig = await rigWithChannel();
    const watcher = await rig.connect(ana);
    let b = await rig.connect(budi);
    for (let n = 0; n < 5; n++) {
      await pass(rig, 30, [watcher, b]);
      hangUp(rig, b);
      await pass(rig, 19, [watcher]);
      b = await rig.connect(budi);
    }
    await pass(rig, 60, [watcher, b]);
    expect(toldOf(watcher, budi)).toEqual(["online"]);
  });

  it("[PRES-3] a locked phone shows one leave, when it has been silent for 90 s, and one join when it is back", async () => {
    const rig = await rigWithChannel();
    const watcher = await rig.connect(ana);
    const phone = await rig.connect(budi);
    const heard = rig.runtime.time - 300;
    // Its line stays half open: no close ever comes.
    await pass(rig, 80, [watcher]);
    expect(toldOf(watcher, budi)).toEqual(["online"]);
    await pass(rig, 200, [watcher]);
    expect(phone.socket.closedWith).toBe(4008);
    expect(toldOf(watcher, budi)).toEqual(["online", "offline"]);
    expect(watcher.socket.of("presence.update").at(-1)?.data.last_seen_at).toBe(new Date(heard).toISOString());
    // The close event of the dead line comes only now.
    hangUp(rig, phone);
    const again = await rig.connect(budi);
    await pass(rig, 60, [watcher, again]);
    expect(toldOf(watcher, budi)).toEqual(["online", "offline", "online"]);
  });

  it("[PRES-4] of two devices the first shows the one join and the last the one leave; away are they only together", async () => {
    const rig = await rigWithChannel();
    const watcher = await rig.connect(ana);
    const [phone, laptop] = [await rig.connect(budi), await rig.connect(budi)];
    await pass(rig, 30, [watcher, phone, laptop]);
    await phone.say({ type: "presence.set", data: { status: "away" } });
    await pass(rig, 30, [watcher, phone, laptop]);
    expect(toldOf(watcher, budi)).toEqual(["online"]);
    await laptop.say({ type: "presence.set", data: { status: "away" } });
    await pass(rig, 2, [watcher, phone, laptop]);
    hangUp(rig, phone);
    await pass(rig, 60, [watcher, laptop]);
    expect(toldOf(watcher, budi)).toEqual(["online", "away"]);
    hangUp(rig, laptop);
    await pass(rig, 60, [watcher]);
    expect(toldOf(watcher, budi)).toEqual(["online", "away", "offline"]);
  });

  it("[PRES-5] a half-open line beside a new one shows neither a leave nor a join", async () => {
    const rig = await rigWithChannel();
    const watcher = await rig.connect(ana);
    const dead = await rig.connect(budi);
    await pass(rig, 40, [watcher]);
    const alive = await rig.connect(budi);
    await pass(rig, 200, [watcher, alive]);
    expect(dead.socket.closedWith).toBe(4008);
    hangUp(rig, dead);
    await pass(rig, 60, [watcher, alive]);
    expect(toldOf(watcher, budi)).toEqual(["online"]);
  });

  it("[PRES-6] tells of one user at most once a second, always of the last state, and of nothing that was taken back", async () => {
    const rig = await rigWithChannel();
    const watcher = await rig.connect(ana);
    const b = await rig.connect(budi);
    await pass(rig, 5, [watcher, b]);
    await b.say({ type: "presence.set", data: { status: "away" } });
    await b.say({ type: "presence.set", data: { status: "online" } });
    await pass(rig, 5, [watcher, b]);
    expect(toldOf(watcher, budi)).toEqual(["online"]);
    for (let n = 0; n < 50; n++) {
      await b.say({ type: "presence.set", data: { status: n % 2 === 0 ? "away" : "online" } });
      await rig.runtime.advance(110);
      if ((rig.runtime.alarmAt ?? Number.POSITIVE_INFINITY) <= rig.runtime.time) await rig.hub.alarm();
    }
    await b.say({ type: "presence.set", data: { status: "away" } });
    await pass(rig, 5, [watcher, b]);
    const told = toldOf(watcher, budi);
    expect(told.at(-1)).toBe("away");
    expect(told.length).toBeGreaterThan(2);
    expect(told.length).toBeLessThanOrEqual(1 + 7);
  });

  it.each([{ type: "presence.query" }, { type: "presence.watch", data: { user_ids: ["user-2"] } }])(
    "[PRES-6] tells whoever asked by $type while a change waited, even where it was taken back since",
    async (ask) => {
      const rig = await rigWithChannel();
      const watcher = await rig.connect(ana);
      const b = await rig.connect(budi);
      await rig.runtime.advance(2_000);
      await b.say({ type: "presence.set", data: { status: "away" } });
      await rig.runtime.advance(150);
      expect(toldOf(watcher, budi)).toEqual(["online", "away"]);
      await b.say({ type: "presence.set", data: { status: "online" } });
      expect((await state(watcher, ask)).users).toMatchObject([{ user_id: budi, status: "online" }]);
      await b.say({ type: "presence.set", data: { status: "away" } });
      await pass(rig, 5, [watcher, b]);
      expect(toldOf(watcher, budi)).toEqual(["away"]);
    },
  );

  it("[PRES-7] survives hibernation: away, the grace after a leave, and whom a connection watches", async () => {
    const first = await rigWithChannel(102);
    await first.hub.applyChannel(uuid("channel", 2), 1, creation(2, 2));
    const [watcher, b] = [await first.connect(ana), await first.connect(budi)];
    const c = await first.connect(cici);
    await watcher.say({ type: "presence.watch", data: { user_ids: ["user-3"] } });
    await b.say({ type: "presence.set", data: { status: "away" } });
    await pass(first, 5, [watcher, b, c]);
    const { rig, connections } = wake(first, [watcher, b, c]);
    const [ana1, budi1, cici1] = connections;
    if (!ana1 || !budi1 || !cici1) throw new Error("not restored");
    expect((await state(ana1)).users).toMatchObject([{ user_id: budi, status: "away" }]);

    hangUp(rig, budi1);
    hangUp(rig, cici1);
    await pass(rig, 5, [ana1]);
    expect(toldOf(ana1, budi)).toEqual([]);
    const later = wake(rig, [ana1]);
    await pass(later.rig, 30, later.connections);
    expect(toldOf(ana1, budi)).toEqual(["offline"]);
    expect(toldOf(ana1, cici)).toEqual(["offline"]);
    const alone = wake(later.rig, later.connections);
    expect(alone.rig.hub.presence.of([budi])).toMatchObject([{ status: "offline", last_seen_at: expect.any(String) }]);
  });

  it("[PRES-8] a leave that nobody is there to see makes no alarm, and whoever comes later sees it as it is", async () => {
    const rig = await rigWithChannel();
    const b = await rig.connect(budi);
    await pass(rig, 5, [b]);
    const left = rig.runtime.time;
    hangUp(rig, b);
    await pass(rig, 200);
    expect(rig.runtime.alarmAt).toBeUndefined();
    const later = await rig.connect(ana);
    expect((await state(later)).users).toEqual([]);
    expect(rig.hub.presence.of([budi])).toEqual([
      { user_id: budi, status: "offline", last_seen_at: new Date(left).toISOString() },
    ]);
  });

  it("[PRES-9] presence.query answers with who is there of the small channels, and once a second only", async () => {
    const rig = await rigWithChannel(150);
    await rig.hub.applyChannel(uuid("channel", 2), 1, creation(2, 4));
    for (const n of [2, 3, 50, 60]) await rig.connect(uuid("user", n));
    const a = await rig.connect(ana);
    const { users, truncated } = await state(a);
    expect(users.map((user) => user.user_id).sort()).toEqual([budi, cici]);
    expect(users).toContainEqual({ user_id: budi, external_id: "user-2", status: "online", last_seen_at: null });
    expect(truncated).toBe(false);
    for (let n = 0; n < 10; n++) await a.say({ type: "presence.query", id: `q${n}` });
    expect(a.socket.of("error").length).toBeGreaterThanOrEqual(7);
    expect(a.socket.of("error")[0]?.data).toMatchObject({ code: "RATE_LIMITED", retry_after: 1 });
  });

  it("[PRES-10] in a large channel only those who watch a member are told, and only while they share a channel", async () => {
    const rig = await rigWithChannel(150);
    const far = uuid("user", 120);
    const [a, b] = [await rig.connect(ana), await rig.connect(budi)];
    const watched = await state(a, {
      type: "presence.watch",
      data: { user_ids: [far, "user-121", uuid("user", 151), "user-999", "user-121"] },
    });
    expect(watched.users.map((user) => [user.user_id, user.status])).toEqual([
      [far, "offline"],
      [uuid("user", 121), "offline"],
    ]);
    const client = await rig.connect(far);
    await pass(rig, 3, [a, b, client]);
    expect(toldOf(a, far)).toEqual(["online"]);
    expect(b.socket.of("presence.update")).toEqual([]);
    await rig.hub.applyChannel(channel, 2, { ...creation(1, 0), version: 2, joined: [], users: [], left: [far] });
    hangUp(rig, client);
    await pass(rig, 30, [a, b]);
    expect(toldOf(a, far)).toEqual(["online"]);
    const none = await state(a, { type: "presence.watch", data: { user_ids: [] } });
    expect(none.users).toEqual([]);
  });

  it("[PRES-11] nothing is shown or told where the workspace has presence off, nor typing where that is off", async () => {
    const rig = await rigWithChannel(3, (one) => applySettings(one, { presence: false, typing: false }));
    const [a, b] = [await rig.connect(ana), await rig.connect(budi)];
    await b.say({ type: "presence.set", id: "s", data: { status: "away" } });
    await b.say({ type: "typing.start", id: "t", data: { channel_id: channel } });
    expect(b.socket.of("ok").map((frame) => frame.id)).toEqual(["s", "t"]);
    expect((await state(a)).users).toEqual([]);
    expect((await state(a, { type: "presence.watch", data: { user_ids: [budi] } })).users).toEqual([]);
    hangUp(rig, b);
    await pass(rig, 60, [a]);
    expect(a.socket.frames.filter((frame) => /presence.update|typing/.test(frame.type))).toEqual([]);
    expect(rig.hub.presence.of([budi])).toEqual([]);
    applySettings(rig, { presence: true });
    expect(rig.hub.presence.of([budi])).toEqual([{ user_id: budi, status: "offline", last_seen_at: null }]);
  });

  it("[PRES-12] 1,000 people of one 1,000-member channel cause no frames but to those who look", async () => {
    const rig = await rigWithChannel(1_000);
    const looker = await rig.connect(ana);
    await looker.say({ type: "presence.watch", data: { user_ids: ["user-500", "user-501"] } });
    const clients: Client[] = [];
    for (let n = 2; n <= 1_000; n++) {
      clients.push(await rig.connect(uuid("user", n), { held: true }));
      if (n % 100 === 0) await pass(rig, 1, [looker, ...clients]);
    }
    await pass(rig, 5, [looker, ...clients]);
    expect(looker.socket.of("presence.update").map((frame) => frame.data.external_id)).toEqual([
      "user-500",
      "user-501",
    ]);
    expect(clients.flatMap((client) => client.socket.of("presence.update"))).toEqual([]);
  });

  it("[PRES-13] 50 people in 10 small groups are told of each other once each, however many groups they share", async () => {
    const rig = createRig();
    // Group g has the users 5g+1 … 5g+5; the first group exists ten times over.
    const group = (n: number, userNumbers: number[]) => {
      const users = userNumbers.map(profile);
      const joined = users.map((user) => ({
        user_id: user.id,
        role: "member" as const,
        joined_at: "2026-01-01T00:00:00.000Z",
      }));
      return rig.hub.applyChannel(uuid("channel", n), 1, { ...creation(n, 0), users, joined });
    };
    for (let g = 0; g < 10; g++)
      await group(
        g + 1,
        [1, 2, 3, 4, 5].map((n) => 5 * g + n),
      );
    for (let copy = 0; copy < 9; copy++) await group(20 + copy, [1, 2, 3, 4, 5]);
    await rig.runtime.advance(300);
    const clients: Client[] = [];
    for (let n = 1; n <= 50; n++) clients.push(await rig.connect(uuid("user", n)));
    await pass(rig, 5, clients);
    const frames = clients.reduce((sum, client) => sum + client.socket.of("presence.update").length, 0);
    // In each group of five the k-th to come is shown to the k-1 before: 10 frames a group.
    expect(frames).toBe(10 * 10);
  });

  it("[PRES-14] a deleted user leaves no trace", async () => {
    const rig = await rigWithChannel();
    const b = await rig.connect(budi);
    hangUp(rig, b);
    await pass(rig, 30, [await rig.connect(ana)]);
    expect(rig.sql.all(`SELECT user_id FROM last_seen`)).toEqual([{ user_id: budi }]);
    rig.hub.removeUser(budi);
    expect(rig.sql.all(`SELECT user_id FROM last_seen UNION ALL SELECT user_id FROM presence_leaving`)).toEqual([]);
  });
});

describe("typing", () => {
  it("[TYPE-2] however fast somebody toggles, others get two frames a second at most; a start is renewed within 6 s", async () => {
    const rig = await rigWithChannel();
    const [a, b] = [await rig.connect(ana), await rig.connect(budi)];
    const starts = () => b.socket.of("typing.start").length;
    for (let n = 0; n < 20; n++) {
      await a.say({ type: "typing.start", data: { channel_id: channel } });
      await a.say({ type: "typing.stop", data: { channel_id: channel } });
      await rig.runtime.advance(200);
    }
    expect(starts()).toBeLessThanOrEqual(4);
    expect(b.socket.of("typing.stop")).toHaveLength(starts());
    await rig.runtime.advance(5_000);
    const before = starts();
    for (let n = 0; n < 10; n++) {
      await a.say({ type: "typing.start", data: { channel_id: channel } });
      await rig.runtime.advance(2_000);
    }
    // Every other one: 4 s apart.
    expect(starts() - before).toBe(5);
  });
});

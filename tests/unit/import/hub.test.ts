import { describe, expect, it } from "vitest";
import { createRig, creation, profile, uuid } from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const ana = uuid("user", 1);

describe("a hub beside an import", () => {
  it("[IMP-7] never gives out a seq again that Postgres has given to an imported message", async () => {
    const rig = createRig();
    await rig.hub.applyChannel(channel, 1, creation(1, 2));
    expect((await rig.send(channel, ana, "one")).seq).toBe(1);
    const { joined, ...rest } = creation(1, 2);
    rig.snapshots.set(channel, {
      ...rest,
      version: 2,
      last_seq: 500,
      last_message_id: "0190a000-0000-7000-8003-000000000500",
      members: joined.map((member) => ({ ...member, read_seq: 0, delivered_seq: 0 })),
      users: [profile(1), profile(2)],
    });
    await rig.hub.applyChannel(channel, 2);
    expect((await rig.send(channel, ana, "two")).seq).toBe(501);
    // An older snapshot takes nothing back.
    const snapshot = rig.snapshots.get(channel);
    if (snapshot !== undefined) rig.snapshots.set(channel, { ...snapshot, version: 3, last_seq: 400 });
    await rig.hub.applyChannel(channel, 3);
    expect((await rig.send(channel, ana, "three")).seq).toBe(502);
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    expect((await woken.send(channel, ana, "four")).seq).toBe(503);
  });

  it("[IMP-8] takes over a channel that existed before it heard of it, with its seqs and without a word to members", async () => {
    const rig = createRig();
    const { joined, ...rest } = creation(1, 2);
    rig.snapshots.set(channel, {
      ...rest,
      version: 2,
      last_seq: 200,
      last_message_id: "0190a000-0000-7000-8003-000000000200",
      members: joined.map((member) => ({ ...member, read_seq: 200, delivered_seq: 200 })),
      users: [profile(1), profile(2)],
    });
    expect((await rig.send(channel, ana, "first here")).seq).toBe(201);
    expect(rig.hub.journal.read(0, 10).map((event) => event.type)).toEqual(["message.created"]);
  });
});

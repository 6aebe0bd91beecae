import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KabarClient } from "../../../src/sdk/index.ts";
import { Unread, type UnreadChange } from "../../../src/sdk/unread.ts";
import { clientFor, online, startFake, until } from "./support/setup.ts";

type Listed = Parameters<Unread["list"]>[0][number];
const listed = (last_seq: number, unread_count: number, unread_mentions = 0) =>
  ({ id: "c", last_seq, unread_count, unread_mentions }) as Listed;
const mention = { user_id: "me", external_id: "me", name: "Me" };
const message = (seq: number, user_id = "other", mentions: (typeof mention)[] = []) => ({
  channel_id: "c",
  seq,
  user_id,
  mentions,
});

describe("unread counts", () => {
  const changes: UnreadChange[] = [];
  let unread: Unread;
  beforeEach(() => {
    changes.length = 0;
    unread = new Unread(
      (change) => changes.push(change),
      () => "me",
    );
  });

  it("[WEB-3] are newest minus read, however often a message or receipt comes", () => {
    unread.list([listed(10, 2)]);
    unread.message(message(11));
    unread.message(message(11));
    expect(unread.of("c").count).toBe(3);
    unread.read("c", 9);
    unread.read("c", 8);
    expect(unread.of("c").count).toBe(2);
    unread.message(message(12, "me"));
    expect(unread.of("c").count).toBe(0);
    expect(changes.map((change) => change.count)).toEqual([2, 3, 2, 0]);
    expect(unread.total).toBe(0);
  });

  it("[WEB-3] keep what came while the list was under way", () => {
    unread.message(message(11));
    expect(unread.of("c").count).toBe(0);
    unread.list([listed(10, 1)]);
    expect(unread.of("c").count).toBe(2);
    unread.read("c", 11);
    unread.list([listed(10, 1)]);
    expect(unread.of("c").count).toBe(0);
  });

  it("[WEB-3] count mentions, live and listed, until they are read or taken back", () => {
    unread.list([listed(10, 2, 1)]);
    unread.message(message(11, "other", [mention]));
    unread.message(message(12, "other", [mention]));
    expect(unread.of("c").mentions).toBe(3);
    unread.message(message(12));
    expect(unread.of("c").mentions).toBe(2);
    unread.read("c", 10);
    expect(unread.of("c").mentions).toBe(1);
    unread.read("c", 12);
    expect(unread.of("c")).toEqual({ count: 0, mentions: 0 });
  });
});

describe("unread counts over the wire", () => {
  let fake: Awaited<ReturnType<typeof startFake>>;
  let devices: KabarClient[];
  beforeEach(async () => {
    fake = await startFake();
    devices = [clientFor(fake.server, fake.ani.id), clientFor(fake.server, fake.ani.id)];
  });
  afterEach(async () => {
    for (const device of devices) device.close();
    await fake.server.stop();
  });

  it("[WEB-3] are the same on two devices, and those of the server", async () => {
    for (const device of devices) {
      await online(device);
      await device.channels();
    }
    const [one, two] = devices;
    const posted = ["1", "2", "3"].map((content) =>
      fake.server.post("team", fake.budi.id, content, { mentions: content === "3" ? ["ani"] : [] }),
    );
    const counts = (device: KabarClient | undefined) => device?.unread.of(fake.team.id);
    for (const device of devices) await until(() => counts(device)?.count === 3, "three unread");
    expect(counts(two)).toEqual({ count: 3, mentions: 1 });
    await one?.channel("team").markRead(posted[1]?.id);
    for (const device of devices) await until(() => counts(device)?.count === 1, "one unread");
    expect(fake.server.workspace.myChannels(fake.ani.id)[0]).toMatchObject({ unread_count: 1, unread_mentions: 1 });
    expect(counts(two)).toEqual({ count: 1, mentions: 1 });
  });
});

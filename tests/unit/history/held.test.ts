import { describe, expect, it } from "vitest";
import { HistoryBlocks } from "../../../durable-objects/hub/history/blocks.ts";
import { migrate } from "../../../durable-objects/hub/schema.ts";
import type { HeldPageRequest } from "../../../src/domain/hub-contract.ts";
import type { Message } from "../../../src/protocol/message.ts";
import { defaultWorkspaceSettings } from "../../../src/protocol/workspace.ts";
import { messagesOf, pageAsSeenBy } from "../../support/history-page.ts";
import { createRig, creation, MemoryArchive, nodeSql, profile, type RigOptions, uuid } from "../../support/hub-rig.ts";
import { MemoryPrivacy } from "../../support/memory-privacy.ts";

const channel = uuid("channel", 1);
const [ana, budi, cici, stranger] = [uuid("user", 1), uuid("user", 2), uuid("user", 3), uuid("user", 9)];

/** A channel with archived messages; `read` gives what the hub holds, and lets it copy what it does not. */
async function rigWithMessages(count: number, options: RigOptions = {}) {
  const rig = createRig(options);
  await rig.hub.applyChannel(channel, 1, creation(1, 3));
  for (let n = 1; n <= count; n++) await rig.send(channel, ana, `message ${n}`);
  await rig.runtime.advance(15_000);
  // Notes how far Postgres is, as it does before it sleeps.
  await rig.hub.alarm();
  return { ...rig, ...reading(rig) };
}

function reading(rig: ReturnType<typeof createRig>) {
  const read = async (more: Partial<HeldPageRequest> = {}): Promise<Message[] | undefined> => {
    const answer = rig.hub.history.page({ channel, limit: 5, ...more });
    await rig.runtime.advance(1);
    const page = await answer;
    return "messages" in page ? messagesOf(page) : undefined;
  };
  /** As often as it takes to be held. */
  const held = async (more: Partial<HeldPageRequest> = {}): Promise<Message[]> => {
    for (let n = 0; n < 4; n++) {
      const messages = await read(more);
      if (messages !== undefined) return messages;
    }
    throw new Error("the hub does not hold it");
  };
  return { read, held };
}

const contents = (messages: Message[] | undefined) => messages?.map((message) => message.content);
const restarted = (rig: ReturnType<typeof createRig>) => {
  const woken = createRig({ ...rig });
  return { ...woken, ...reading(woken) };
};

describe("pages that the hub holds", () => {
  it("[HIST-9] what is missed is copied with what lies before it, once, and read out of the copies", async () => {
    const rig = await rigWithMessages(700);
    const { history, read } = restarted(rig);
    expect(contents(await read())).toEqual(["message 700", "message 699", "message 698", "message 697", "message 696"]);
    expect(history.reads).toEqual([576]);
    expect(contents(await read({ before: 640, limit: 50 }))?.length).toBe(50);
    expect(history.reads).toEqual([576]);
    expect(contents(await read({ before: 500 }))?.at(0)).toBe("message 499");
    expect(contents(await read({ before: 320, limit: 50 }))?.at(0)).toBe("message 319");
    expect(history.reads).toEqual([576, 256]);
    // Only as far as there is no copy yet.
    expect(contents(await read({ before: 570, limit: 50 }))?.length).toBe(50);
    expect(contents(await read({ before: 5 }))).toEqual(["message 4", "message 3", "message 2", "message 1"]);
    expect(history.reads).toEqual([576, 256, 512, 0]);
  });

  it("[HIST-9] who misses the same at once waits for one copy", async () => {
    const { history, hub, runtime } = restarted(await rigWithMessages(300));
    const pages = [200, 190, 180, 60].map((before) => hub.history.page({ channel, limit: 5, before }));
    await runtime.advance(1);
    for (const page of await Promise.all(pages)) expect(page).toHaveProperty("messages");
    expect(history.reads).toEqual([0]);
  });

  it("[HIST-9] channels whose ids end alike have copies of their own", () => {
    const sql = nodeSql();
    migrate(sql);
    const blocks = new HistoryBlocks(sql);
    const [one, other] = ["0190a000-0000-7000-8002-000000123456", "0190a000-0000-7000-8002-00000f123456"];
    const held = (through: number) => ({ through, readAt: 0, messages: [], isStored: true });
    blocks.put(one, 0, held(10));
    blocks.put(one, 3, held(200));
    blocks.put(other, 0, held(20));
    expect(new HistoryBlocks(sql).find(one, 0, false)).toBeUndefined();
    expect(blocks.find(other, 0, false)?.through).toBe(20);
    expect(blocks.newestWithin(one, 0, 9)).toBe(3);
    expect(blocks.newestWithin(other, 0, 9)).toBe(0);
    blocks.dropChannel(one);
    expect(blocks.find(one, 3, false)).toBeUndefined();
    expect(blocks.find(other, 0, false)?.through).toBe(20);
  });

  it("[HIST-9] new messages come out of the journal, and a copy costs a row for 64 messages", async () => {
    const rig = await rigWithMessages(10);
    const rows = () => rig.sql.all<{ through: number }>(`SELECT through FROM history_blocks`);
    for (let n = 11; n <= 40; n++) {
      await rig.send(channel, budi, `message ${n}`);
      expect(contents(await rig.read({ limit: 2 }))).toEqual([`message ${n}`, `message ${n - 1}`]);
    }
    expect(rows()).toEqual([]);
    expect(rig.history.reads).toEqual([]);
    await rig.runtime.advance(2_000);
    // A page of many of them is one row from then on.
    expect((await rig.read({ limit: 50 }))?.length).toBe(40);
    await rig.runtime.advance(1);
    expect(rows()).toEqual([{ through: 40 }]);
  });

  it("[HIST-9] copies outlive the object, and are read again after an hour", async () => {
    const rig = await rigWithMessages(100);
    await restarted(rig).held();
    const woken = restarted(rig);
    woken.archive.up = false;
    expect(contents(await woken.read({ limit: 1 }))).toEqual(["message 100"]);
    woken.archive.up = true;
    woken.runtime.time += 3_600_001;
    woken.history.reads.length = 0;
    expect(contents(await woken.read({ limit: 1 }))).toEqual(["message 100"]);
    expect(woken.history.reads).toEqual([64]);
  });

  it("[HIST-9] there is room for so many copies, and the oldest ones make it", () => {
    const sql = nodeSql();
    migrate(sql);
    const blocks = new HistoryBlocks(sql);
    const put = (n: number) => blocks.put(channel, n, { through: n, readAt: n, messages: [], isStored: true });
    for (let n = 0; n < 4_000; n++) put(n);
    // Where its texts are is known, and no more.
    const reading = new HistoryBlocks(sql);
    for (const n of [0, 300]) expect(reading.find(channel, n, false)?.through).toBe(n);
    reading.put(channel, 4_000, { through: 4_000, readAt: 4_000, messages: [], isStored: true });
    expect(reading.find(channel, 0, false)).toBeUndefined();
    expect(reading.find(channel, 300, false)?.through).toBe(300);
    for (let n = 4_001; n < 4_100; n++) put(n);
    const [kept] = sql.all<{ count: number; oldest: number }>(
      `SELECT count(*) AS count, min(through) AS oldest FROM history_blocks`,
    );
    expect(kept?.count).toBeLessThanOrEqual(4_000);
    expect(kept?.count).toBe(4_100 - (kept?.oldest ?? 0));
    const woken = new HistoryBlocks(sql);
    expect(woken.find(channel, 4_099, false)?.through).toBe(4_099);
    expect(woken.find(channel, 0, false)).toBeUndefined();
  });

  it("[HIST-9] of a copy that others will read as well the texts stay in memory", () => {
    const sql = nodeSql();
    migrate(sql);
    new HistoryBlocks(sql).put(channel, 1, { through: 64, readAt: 0, messages: [], isStored: true });
    const blocks = new HistoryBlocks(sql);
    expect(blocks.find(channel, 1, false)?.texts).toBeUndefined();
    blocks.find(channel, 1, true);
    expect(blocks.find(channel, 1, false)?.texts).toEqual(new ArrayBuffer(0));
  });

  it("[HIST-8] a copy whose row is gone is an error, and never an empty page", () => {
    const sql = nodeSql();
    migrate(sql);
    new HistoryBlocks(sql).put(channel, 1, { through: 64, readAt: 0, messages: [], isStored: true });
    sql.run(`UPDATE history_blocks SET texts = x'7b7d'`);
    const blocks = new HistoryBlocks(sql);
    const held = blocks.find(channel, 1, false);
    if (held === undefined) throw new Error("no copy");
    const run = { held, first: 0, count: 1, oldestSeq: 64, isMore: false, start: 0, end: 2 };
    expect(blocks.textsOf([run]).map((bytes) => new TextDecoder().decode(bytes))).toEqual(["{}"]);
    sql.run(`DELETE FROM history_blocks`);
    expect(() => blocks.textsOf([run])).toThrow("not there");
  });

  it("[HIST-8] no page says that older messages follow where none are left", async () => {
    const rig = await rigWithMessages(128);
    rig.archive.rows.splice(0, rig.archive.rows.length, ...rig.archive.rows.filter(({ seq }) => seq >= 64));
    const woken = restarted(rig);
    await woken.held({ limit: 100 });
    for (const [limit, hasMore] of [
      [65, false],
      [64, true],
    ] as const) {
      const answer = woken.hub.history.page({ channel, limit });
      await woken.runtime.advance(1);
      expect(await answer).toMatchObject({ hasMore });
    }
  });

  it("[HIST-13] what lies further back than a number of blocks is copied in memory, and writes nothing", async () => {
    const rig = restarted(await rigWithMessages(700, { storedBlocksPerChannel: 4 }));
    const rows = () => rig.sql.all<{ through: number }>(`SELECT through FROM history_blocks ORDER BY id`);
    // Messages 448 to 700 are the four newest blocks.
    expect(contents(await rig.read({ before: 560, limit: 50 }))?.at(0)).toBe("message 559");
    expect(rig.history.reads).toEqual([320]);
    expect(rows()).toEqual([{ through: 511 }, { through: 575 }]);
    expect(contents(await rig.read({ before: 190, limit: 50 }))?.at(0)).toBe("message 189");
    // Only as far as there is no copy, wherever it is.
    expect(contents(await rig.read({ before: 300, limit: 50 }))?.at(0)).toBe("message 299");
    expect(contents(await rig.read({ before: 640, limit: 20 }))?.at(0)).toBe("message 639");
    expect(rig.history.reads).toEqual([320, 0, 192, 576]);
    expect(rows().length).toBe(3);
    rig.archive.up = false;
    for (const before of [510, 400, 120]) {
      expect(contents(await rig.read({ before, limit: 50 }))?.at(-1)).toBe(`message ${before - 50}`);
    }
    const woken = restarted(rig);
    expect(contents(await woken.read({ before: 520, limit: 50 }))?.at(-1)).toBe("message 470");
    expect(await woken.read({ before: 400, limit: 50 })).toBeUndefined();
  });

  it("[HIST-14] where misses follow one another more is copied at once, but not of what is in memory alone", async () => {
    const rig = await rigWithMessages(1_100);
    const near = restarted(rig);
    await near.held({ before: 1_050 });
    // The newest page is another matter.
    await near.held();
    await near.held({ before: 832 });
    await near.runtime.advance(2_000);
    await near.held({ before: 320 });
    expect(near.history.reads).toEqual([832, 1_088, 320, 64]);
    near.history.reads.length = 0;
    near.hub.history.clear();
    const far = restarted({ ...near, storedBlocksPerChannel: 2 });
    for (const before of [1_000, 768, 512]) await far.held({ before });
    expect(far.history.reads).toEqual([768, 512, 256]);
  });

  it("[HIST-10] are for members who block nobody; for all others Postgres decides", async () => {
    const rig = await rigWithMessages(10);
    expect((await rig.held({ userId: budi })).length).toBe(5);
    expect(await rig.read({ userId: stranger })).toBeUndefined();
    expect(await rig.read({ channel: uuid("channel", 8) })).toBeUndefined();
    rig.history.blocking.add(budi);
    rig.hub.pushChanged([budi]);
    for (let n = 0; n < 3; n++) expect(await rig.read({ userId: budi })).toBeUndefined();
    expect((await rig.held({ userId: ana })).length).toBe(5);
    rig.history.blocking.clear();
    rig.hub.pushChanged([budi]);
    expect((await rig.held({ userId: budi })).length).toBe(5);
    rig.hub.removeUser(budi);
    for (let n = 0; n < 3; n++) expect(await rig.read({ userId: budi })).toBeUndefined();
  });

  it("[HIST-10] a block that was being asked about when it came counts, and one that came past the hub after ten minutes", async () => {
    const rig = await rigWithMessages(10);
    let answer = () => {};
    rig.history.delay = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const asking = rig.hub.history.page({ channel, limit: 5, userId: budi });
    await rig.runtime.advance(1);
    rig.history.blocking.add(budi);
    rig.hub.pushChanged([budi]);
    rig.history.delay = undefined;
    answer();
    expect(await asking).toEqual({ behind: false });
    await rig.runtime.advance(1);
    for (let n = 0; n < 3; n++) expect(await rig.read({ userId: budi })).toBeUndefined();

    await rig.held({ userId: cici });
    rig.history.blocking.add(cici);
    expect(await rig.read({ userId: cici })).toBeDefined();
    rig.runtime.time += 600_001;
    await rig.read({ userId: cici });
    expect(await rig.read({ userId: cici })).toBeUndefined();
  });

  it("[HIST-10] a block that comes while one user is asked about after an earlier change counts", async () => {
    const rig = await rigWithMessages(10);
    await rig.held({ userId: budi });
    rig.hub.pushChanged([budi]);
    let answer = () => {};
    rig.history.delay = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    expect(await rig.read({ userId: budi })).toBeUndefined();
    rig.history.blocking.add(budi);
    rig.hub.pushChanged([budi]);
    rig.history.delay = undefined;
    answer();
    await rig.runtime.advance(1);
    for (let n = 0; n < 3; n++) expect(await rig.read({ userId: budi })).toBeUndefined();
    rig.history.blocking.delete(budi);
    rig.hub.pushChanged([budi]);
    expect((await rig.held({ userId: budi })).length).toBe(5);
  });

  it("[HIST-10] who blocks somebody is asked once for all readers, whose first page waits for it", async () => {
    const rig = await rigWithMessages(10);
    await rig.held();
    rig.history.blocking.add(cici);
    rig.archive.up = false;
    expect(await rig.read({ userId: ana })).toBeUndefined();
    rig.archive.up = true;
    expect(await rig.read({ userId: ana })).toBeUndefined();
    rig.runtime.time += 1_001;
    expect((await rig.read({ userId: ana }))?.length).toBe(5);
    rig.archive.up = false;
    expect((await rig.read({ userId: budi }))?.length).toBe(5);
    expect(await rig.read({ userId: cici })).toBeUndefined();
  });

  it("[HIST-10] in a workspace with very many who block somebody Postgres decides for all", async () => {
    const rig = await rigWithMessages(10);
    for (let n = 0; n <= 20_000; n++) rig.history.blocking.add(`blocker ${n}`);
    for (let n = 0; n < 3; n++) expect(await rig.read({ userId: ana })).toBeUndefined();
    expect((await rig.held()).length).toBe(5);
    expect(rig.sql.all(`SELECT * FROM history_readers`)).toEqual([]);
  });

  it("[HIST-10] who blocks somebody is known after a wake, and costs a row each and one more", async () => {
    const rig = await rigWithMessages(10);
    rig.history.blocking.add(cici);
    await rig.held({ userId: budi });
    const woken = restarted(rig);
    await woken.held();
    const before = woken.sql.all(`SELECT * FROM history_readers`);
    expect((await woken.read({ userId: budi }))?.length).toBe(5);
    expect(woken.sql.all(`SELECT * FROM history_readers`)).toEqual(before);
    expect(before).toEqual([
      { user_id: "", sees_all: 1 },
      { user_id: cici, sees_all: 0 },
    ]);
    woken.archive.up = false;
    expect(await woken.read({ userId: cici })).toBeUndefined();
    expect((await woken.read({ userId: ana }))?.length).toBe(5);
  });

  it("[HIST-8] a new message that quotes an old one shows it as it is", async () => {
    const rig = await rigWithMessages(100);
    await rig.held({ limit: 100 });
    const first = rig.archive.rows.find(({ seq }) => seq === 1);
    await rig.send(channel, budi, "answer", { parent_id: first?.id ?? "" });
    expect((await rig.held({ limit: 1 }))[0]?.quoted_message?.content).toBe("message 1");
    const target = { channel, messageId: first?.id ?? "", actor: { workspace: true } as const };
    await rig.hub.messageChanges.edit({ ...target, body: { content: "edited" } });
    expect((await rig.read({ limit: 1 }))?.[0]?.quoted_message?.content ?? "edited").toBe("edited");
    await rig.runtime.advance(2_000);
    expect((await rig.held({ limit: 1 }))[0]?.quoted_message?.content).toBe("edited");
  });

  it("[HIST-8] messages in any script come as they were written, to their authors and to who reacted too", async () => {
    const rig = await rigWithMessages(0);
    const texts = Array.from(
      { length: 70 },
      (_, n) => `${n} ${["ascii", "größer", "日本語", "👍🏽", 'a\ud800"\\', "مرحبا"][n % 6]}`,
    );
    for (const [n, text] of texts.entries()) {
      const message = await rig.send(channel, n % 2 === 0 ? ana : budi, text, { idempotency_key: `schlüssel ${n}` });
      if (n % 5 > 0) continue;
      await rig.hub.messageChanges.react({ channel, messageId: message.id, userId: cici, emoji: "🎉" });
    }
    await rig.runtime.advance(2_000);
    for (const userId of [undefined, ana, budi, cici]) {
      for (const [before, limit] of [
        [undefined, 70],
        [63, 9],
        [41, 1],
      ] as const) {
        const request = { channel, limit, ...(userId && { userId }), ...(before && { before }) };
        expect(await rig.held(request)).toEqual(pageAsSeenBy(rig.history, request).messages);
      }
    }
  });

  it("[HIST-8] users are shown as they are called now: authors, quoted authors and who replied", async () => {
    const rig = await rigWithMessages(1);
    const first = rig.archive.rows[0]?.id ?? "";
    const quoted = await rig.send(channel, cici, "of cici");
    for (let n = 3; n <= 70; n++) await rig.send(channel, ana, `message ${n}`);
    await rig.send(channel, ana, "quotes cici", { parent_id: quoted.id });
    await rig.send(channel, ana, "and is followed");
    await rig.send(channel, budi, "reply", { thread_root_id: first });
    await rig.runtime.advance(2_000);
    for (const [version, before] of [
      [2, 4],
      [3, undefined],
    ] as const) {
      const request = { channel, limit: 3, ...(before === undefined ? {} : { before }) };
      await rig.held(request);
      for (const [index, id] of [ana, budi, cici].entries()) {
        const name = `Name ${version} of ${index}`;
        rig.history.names.set(id, name);
        rig.hub.applyUser({ ...profile(index + 1), name, version });
        expect(await rig.held(request)).toEqual(pageAsSeenBy(rig.history, request).messages);
      }
    }
    const answer = await rig.send(channel, ana, "quotes cici again", { parent_id: quoted.id });
    expect(answer.quoted_message?.user_name).toBe("Name 3 of 2");
  });

  it("[HIST-8] a copy that was being made while something changed is not kept", async () => {
    type Rig = ReturnType<typeof createRig>;
    for (const change of [
      (rig: Rig) => rig.hub.applyUser({ ...profile(1), name: "Renamed", version: 2 }),
      (rig: Rig) => rig.hub.history.expired(new Set([channel])),
    ]) {
      const rig = restarted(await rigWithMessages(100));
      let answer = () => {};
      rig.history.delay = () =>
        new Promise((resolve) => {
          answer = resolve;
        });
      const waiting = rig.hub.history.page({ channel, limit: 5 });
      await rig.runtime.advance(1);
      change(rig);
      answer();
      expect(await waiting).toEqual({ behind: false });
      expect(rig.sql.all(`SELECT * FROM history_blocks`)).toEqual([]);
    }
  });

  it("[HIST-8] nothing is copied while Postgres lacks a change, also one of an earlier life", async () => {
    const rig = await rigWithMessages(100);
    rig.archive.up = false;
    const last = rig.archive.rows.find(({ seq }) => seq === 100)?.id ?? "";
    const target = { channel, messageId: last, actor: { workspace: true } as const };
    await rig.hub.messageChanges.edit({ ...target, body: { content: "edited" } });
    const woken = restarted(rig);
    // It answers again, and has not been told yet.
    rig.archive.up = true;
    expect(await woken.hub.history.page({ channel, limit: 5 })).toEqual({ behind: true });
    expect(woken.history.reads).toEqual([]);
    await woken.hub.alarm();
    await woken.runtime.advance(2_000);
    expect(contents(await woken.held({ limit: 1 }))).toEqual(["edited"]);
  });

  it("[HIST-8] what retention has ended is in no page", async () => {
    const archive = new MemoryArchive();
    const privacy = new MemoryPrivacy(archive);
    const rig = await rigWithMessages(30, { archive, privacy: privacy.options });
    await rig.held();
    rig.hub.settings.apply(1, { ...defaultWorkspaceSettings(), retention_days: 2 });
    rig.hub.retention?.restart();
    rig.runtime.time += 3 * 24 * 3_600_000;
    await rig.send(channel, ana, "kept");
    await rig.runtime.advance(2_000);
    await rig.hub.alarm();
    expect(rig.archive.rows.length).toBe(1);
    expect(contents(await rig.held({ limit: 50 }))).toEqual(["kept"]);
  });

  it("[HIST-8] nor where it was copied while retention was at it", async () => {
    const archive = new MemoryArchive();
    const privacy = new MemoryPrivacy(archive);
    let between = async () => {};
    const remove = async (ids: readonly string[]) => {
      await between();
      await privacy.removeMessages(ids);
    };
    const options = { ...privacy.options, retention: { expired: privacy.expired, remove } } as RigOptions["privacy"];
    const rig = await rigWithMessages(30, { archive, privacy: options });
    const blocks = () => rig.sql.all(`SELECT * FROM history_blocks`).length;
    between = async () => {
      expect((await rig.held({ limit: 50 })).length).toBe(30);
      expect(blocks()).toBe(1);
    };
    rig.hub.settings.apply(1, { ...defaultWorkspaceSettings(), retention_days: 2 });
    rig.hub.retention?.restart();
    rig.runtime.time += 3 * 24 * 3_600_000;
    await rig.hub.alarm();
    expect(rig.archive.rows.length).toBe(0);
    expect(blocks()).toBe(0);
  });

  it("[HIST-8] nothing is held once Postgres has seen more than the hub remembers", async () => {
    const rig = restarted(await rigWithMessages(30));
    await rig.held();
    rig.archive.watermark = { epoch: rig.hub.journal.epoch, seq: 1_000 };
    await rig.send(channel, ana, "next");
    await rig.runtime.advance(2_000);
    expect(rig.sql.all(`SELECT * FROM history_blocks`)).toEqual([]);
  });
});

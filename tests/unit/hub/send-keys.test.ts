import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Journal } from "../../../durable-objects/hub/journal.ts";
import { KeyRuns } from "../../../durable-objects/hub/key-runs.ts";
import { migrate } from "../../../durable-objects/hub/schema.ts";
import { SendKeys } from "../../../durable-objects/hub/send-keys.ts";
import { createRig, creation, FakeRuntime, nodeSql, uuid } from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const [ana, budi] = [uuid("user", 1), uuid("user", 2)];
const DAY_MS = 24 * 3_600_000;
/** More events than are kept in memory before their keys become a run, and than fit into one run. */
const [STRETCH, RUN] = [2_048, 16_384];

const keyed = (key: string) => ({ idempotency_key: key });

/** A journal without a hub, whose object may end at any time. */
function journalRig() {
  const [sql, runtime] = [nodeSql(), new FakeRuntime()];
  migrate(sql);
  const rig = {
    sql,
    journal: new Journal(sql, runtime),
    /** A message with a key, as a send appends it: looked up, and written where it is new. */
    send(userId: string, key: string): number {
      const { journal } = rig;
      const known = journal.sendKeys.find(userId, channel, key);
      return known?.seq ?? rig.append(userId, key);
    },
    append(userId: string, key: string): number {
      const { journal } = rig;
      const body = `{"message":{"content":"${key}"}}`;
      const event = { channelId: channel, body, userId, messageId: uuid("channel", journal.head + 1), clientId: key };
      return journal.appendMessage(event, journal.head + 1).seq;
    },
    other(count: number): void {
      for (let n = 0; n < count; n++) {
        const event = { channelId: channel, body: "{}", userId: ana, messageId: null, clientId: null };
        rig.journal.append({ type: "message.read", ...event });
      }
    },
    found: (userId: string, key: string) => rig.journal.sendKeys.find(userId, channel, key)?.seq,
    wake(): void {
      rig.journal = new Journal(sql, runtime);
    },
    trim(through: number): void {
      rig.journal.markArchived(rig.journal.head);
      rig.journal.trim(runtime.now() + DAY_MS, through - rig.journal.trimmed, through);
    },
    runs: () => sql.all<{ through: number }>(`SELECT through FROM key_runs ORDER BY through`).map((row) => row.through),
  };
  return rig;
}

/** Two keys that have one number. */
function clashing(userId: string): [string, string] {
  const seen = new Map<number, string>();
  for (let n = 0; ; n++) {
    const hash = SendKeys.hash(userId, channel, `k${n}`);
    const earlier = seen.get(hash);
    if (earlier !== undefined) return [earlier, `k${n}`];
    seen.set(hash, `k${n}`);
  }
}

describe("used idempotency keys", () => {
  it("[SEND-2] are told apart where two have the same number, in memory and in a run", () => {
    const rig = journalRig();
    const [one, other] = clashing(ana);
    const first = rig.send(ana, one);
    expect(rig.found(ana, other)).toBeUndefined();
    const second = rig.send(ana, other);
    expect([rig.found(ana, one), rig.found(ana, other), rig.found(budi, one)]).toEqual([first, second, undefined]);
    rig.other(STRETCH);
    for (const woken of [false, true]) {
      if (woken) rig.wake();
      expect([rig.found(ana, one), rig.found(ana, other), rig.found(budi, one)]).toEqual([first, second, undefined]);
    }
    expect(rig.runs()).toHaveLength(1);
  });

  it("[SEND-2] are compared with the event, by user, channel and text", () => {
    const rig = journalRig();
    const seq = rig.send(ana, "a");
    const { sendKeys } = rig.journal;
    const others: [userId: string, channelId: string, clientId: string][] = [
      [budi, channel, "a"],
      [ana, uuid("channel", 2), "a"],
      [ana, channel, "b"],
    ];
    // As if they had the number of the one that there is.
    for (const [userId, channelId, clientId] of others) sendKeys.written({ seq, userId, channelId, clientId });
    for (const other of others) expect(sendKeys.find(...other)).toBeUndefined();
    expect(rig.found(ana, "a")).toBe(seq);
  });

  it("[SEND-2] answer a repeat with the message of then, from memory, from a run and after a wake", async () => {
    const rig = createRig();
    await rig.hub.applyChannel(channel, 1, creation(1, 3));
    const first = await rig.send(channel, ana, "once", keyed("a"));
    expect(await rig.send(channel, ana, "again", keyed("a"))).toEqual(first);
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    expect(await woken.send(channel, ana, "again", keyed("a"))).toEqual(first);
    const event = { channelId: channel, body: "{}", userId: ana, messageId: null, clientId: null };
    for (let n = 0; n < STRETCH; n++) woken.hub.journal.append({ type: "message.read", ...event });
    expect(await woken.send(channel, ana, "again", keyed("a"))).toEqual(first);
    expect(rig.sql.all(`SELECT through FROM key_runs`)).toHaveLength(1);
    expect(await woken.send(channel, budi, "hers", keyed("a"))).toMatchObject({ seq: 2, content: "hers" });
  });

  it("[SEND-2] are not used where the append was taken back", () => {
    const rig = journalRig();
    rig.send(ana, "first");
    const fail = () =>
      rig.journal.transaction(() => {
        rig.append(ana, "lost");
        throw new Error("no");
      });
    expect(fail).toThrow("no");
    rig.other(1);
    expect(rig.found(ana, "lost")).toBeUndefined();
    const sent = rig.send(ana, "lost");
    rig.other(STRETCH);
    expect(rig.found(ana, "lost")).toBe(sent);
  });

  it("[SEND-2] of a journal that an earlier version wrote are read from it", () => {
    const rig = journalRig();
    const seqs = Array.from({ length: 3 * STRETCH }, (_, n) => rig.append(ana, `k${n}`));
    rig.wake();
    for (const n of [0, 1, STRETCH, 2 * STRETCH + 1, 3 * STRETCH - 1]) expect(rig.found(ana, `k${n}`)).toBe(seqs[n]);
    expect(rig.found(ana, "k")).toBeUndefined();
    expect(rig.runs().length).toBeGreaterThan(0);
  });

  it("[SEND-2] [ARCH-4] of parked events outlive the trimming of the journal, and no other does", () => {
    const rig = journalRig();
    const seqs = Array.from({ length: 2 * RUN }, (_, n) => rig.send(ana, `k${n}`));
    expect(rig.runs().length).toBeGreaterThan(1);
    rig.journal.park(5, "refused");
    rig.trim(2 * RUN - 10);
    expect(rig.runs()).toHaveLength(1);
    for (const woken of [false, true]) {
      if (woken) rig.wake();
      expect([rig.found(ana, "k4"), rig.found(ana, "k5"), rig.found(ana, `k${RUN}`)]).toEqual([
        5,
        undefined,
        undefined,
      ]);
      expect(rig.found(ana, `k${2 * RUN - 1}`)).toBe(seqs.at(-1));
    }
  });

  it("[SEND-2] are found as long as their events are there, whatever happens between", () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant("send"), count: fc.integer({ min: 1, max: 1_500 }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("other"), count: fc.integer({ min: 1, max: 3_000 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("repeat"), count: fc.integer({ min: 1, max: 300 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("trim"), count: fc.integer({ min: 1, max: 4_000 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("wake"), count: fc.constant(0) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 8, maxLength: 24 }), (steps) => {
        const rig = journalRig();
        /** Seq by key, in the order of writing. */
        const used = new Map<string, number>();
        for (const { do: what, count } of steps) {
          if (what === "other") rig.other(count);
          else if (what === "wake") rig.wake();
          else if (what === "trim") rig.trim(Math.min(rig.journal.trimmed + count, rig.journal.head - 1));
          else if (what === "repeat") {
            for (const [key, seq] of [...used].slice(-count)) {
              if (seq > rig.journal.trimmed) expect(rig.send(ana, key)).toBe(seq);
            }
          } else for (let n = 0; n < count; n++) used.set(`k${used.size}`, rig.send(ana, `k${used.size}`));
        }
        for (const [key, seq] of used) {
          expect(rig.found(ana, key)).toBe(seq > rig.journal.trimmed ? seq : undefined);
          expect(rig.found(budi, key)).toBeUndefined();
        }
      }),
      { numRuns: 12 },
    );
  });
});

describe("sorted runs of keys", () => {
  it("grow while what comes fits, and give each key once, also when read again", () => {
    const sql = nodeSql();
    migrate(sql);
    const runs = new KeyRuns(sql);
    const keys = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => ({ hash: (from + n) * 7, seq: from + n }));
    expect(runs.through).toBe(0);
    runs.add(keys(1, RUN - 10), RUN, 0);
    runs.add(keys(RUN + 1, 10), RUN + 20, 0);
    expect(sql.all(`SELECT through FROM key_runs`)).toEqual([{ through: RUN + 20 }]);
    runs.add(keys(RUN + 21, 2), RUN + 30, 0);
    expect(sql.all(`SELECT through FROM key_runs`)).toEqual([{ through: RUN + 20 }, { through: RUN + 30 }]);
    for (const held of [runs, new KeyRuns(sql)]) {
      expect(held.through).toBe(RUN + 30);
      for (const seq of [1, RUN - 10, RUN + 1, RUN + 10, RUN + 21, RUN + 22]) expect(held.find(seq * 7)).toEqual([seq]);
      for (const hash of [0, 8, RUN * 7, 2 ** 32 - 1]) expect(held.find(hash)).toEqual([]);
    }
  });

  it("hold numbers of 32 bits and seqs that lie far apart", () => {
    const sql = nodeSql();
    migrate(sql);
    const runs = new KeyRuns(sql);
    const [hash, last] = [2 ** 32 - 1, 3_000_000_000];
    runs.add(
      [
        { hash, seq: last },
        { hash, seq: 7 },
        { hash: 0, seq: 8 },
      ],
      last,
      0,
    );
    expect([runs.find(hash), runs.find(0)]).toEqual([[last, 7], [8]]);
  });
});

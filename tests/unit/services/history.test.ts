import { describe, expect, it } from "vitest";
import type { Db } from "../../../src/data/db.ts";
import type { PageRow } from "../../../src/data/page-row.ts";
import type { Settled } from "../../../src/domain/hub-contract.ts";
import type { Message } from "../../../src/protocol/message.ts";
import type { ServiceContext } from "../../../src/services/context.ts";
import { page } from "../../../src/services/history.ts";

const EPOCH = "e1";
const CHANNEL = "00000000-0000-4000-8000-0000000000c1";
const BLOCKED = "00000000-0000-4000-8000-0000000000b1";

const idOf = (seq: number) => `00000000-0000-4000-8000-${String(seq).padStart(12, "0")}`;

/** What Postgres holds: messages from 1 up to a seq, whose newest event has the tenfold of it as its place. */
interface Archived {
  upTo: number;
  epoch?: string;
}

function rowOf({ upTo, epoch = EPOCH }: Archived, limit: number, blocked: string[]): PageRow {
  const seqs = Array.from({ length: upTo }, (_, index) => upTo - index).slice(0, limit + 1);
  const column = (value: (seq: number) => string) => (seqs.length === 0 ? null : seqs.map(value).join(","));
  return {
    head: {
      channel_id: CHANNEL,
      external_id: null,
      is_member: true,
      changed_epoch: epoch,
      changed_seq: upTo * 10,
      last_seq: upTo,
      around_seq: null,
      blocked,
    },
    ids: column(idOf),
    seqs: column(String),
    user_ids: column(() => ""),
    types: column(() => "text"),
    times: column(() => "0"),
    contents: seqs.length === 0 ? null : seqs.map(() => "archived"),
    client_ids: null,
    rests: null,
    authors: null,
    reactions: null,
  };
}

/** A message as the hub hands it over; of it, merging looks at seq and author only. */
function fresh(seq: number, author: string | null = null): Message {
  return { id: idOf(seq), channel_id: CHANNEL, seq, user_id: author, content: "fresh", streaming: false } as Message;
}

const at = (seq: number) => ({ epoch: EPOCH, seq });

/** A newest page, where Postgres answers as told, one state for each time that it is asked. */
async function newest(settled: Settled, states: Archived[], { limit = 3, blocked = [] as string[] } = {}) {
  let reads = 0;
  const db: Db = {
    execute: async <Row>() => {
      const state = states[reads++];
      if (state === undefined) throw new Error("Postgres was asked once more than expected");
      return { rows: [rowOf(state, limit, blocked)] as Row[] };
    },
    batch: () => Promise.reject(new Error("a page writes nothing")),
  };
  const hub = { settled: async () => settled };
  const caller = { kind: "user", workspaceId: CHANNEL, userId: idOf(999) };
  const found = await page({ db, hub, caller } as unknown as ServiceContext, CHANNEL, { limit });
  return { ...found, reads, shown: found.messages.map(({ seq, content }) => `${seq} ${content}`) };
}

describe("[HIST-7] the newest page", () => {
  const settled = (tail: Message[], base: number | undefined, changed: number): Settled => ({
    archived: true,
    lastSeq: tail[0]?.seq ?? 0,
    changed: base === undefined ? undefined : at(base),
    tail: { messages: tail, changed: at(changed) },
  });

  it("begins with what the hub hands over, is not longer for it, and goes on behind its last message", async () => {
    const found = await newest(settled([fresh(7), fresh(6)], 50, 70), [{ upTo: 5 }]);
    expect(found.shown).toEqual(["7 fresh", "6 fresh", "5 archived"]);
    expect(found.has_more).toBe(true);
    const { next_cursor: next, as_of: asOf } = found;
    const plain = await newest({ archived: true, lastSeq: 7, changed: at(70) }, [{ upTo: 7 }]);
    expect([next, asOf]).toEqual([plain.next_cursor, plain.as_of]);
  });

  it("tells that there is more where the hub's messages alone fill it", async () => {
    const found = await newest(settled([fresh(5), fresh(4), fresh(3), fresh(2)], 10, 50), [{ upTo: 1 }]);
    expect(found.shown).toEqual(["5 fresh", "4 fresh", "3 fresh"]);
    expect(found.has_more).toBe(true);
  });

  it("ends where neither the hub nor Postgres has more", async () => {
    const found = await newest(settled([fresh(3)], 20, 30), [{ upTo: 2 }]);
    expect(found.shown).toEqual(["3 fresh", "2 archived", "1 archived"]);
    expect([found.has_more, found.next_cursor]).toEqual([false, null]);
  });

  it("shows once, and as Postgres has it, what was archived between both answers", async () => {
    const found = await newest(settled([fresh(4), fresh(3)], 20, 40), [{ upTo: 3 }]);
    expect(found.shown).toEqual(["4 fresh", "3 archived", "2 archived"]);
  });

  it("is of the later of both places", async () => {
    const ahead = await newest(settled([fresh(4)], 30, 40), [{ upTo: 6 }]);
    expect(ahead.shown).toEqual(["6 archived", "5 archived", "4 archived"]);
    const plain = await newest({ archived: true, lastSeq: 6, changed: at(60) }, [{ upTo: 6 }]);
    expect(ahead.as_of).toBe(plain.as_of);
  });

  it("leaves out those of users whom the reader blocked", async () => {
    const found = await newest(settled([fresh(4, BLOCKED), fresh(3, idOf(1))], 20, 40), [{ upTo: 2 }], {
      blocked: [BLOCKED],
    });
    expect(found.shown).toEqual(["3 fresh", "2 archived", "1 archived"]);
  });

  it("asks Postgres again where its answer is older than what the hub counts on", async () => {
    const found = await newest(settled([fresh(4)], 30, 40), [{ upTo: 2 }, { upTo: 3 }]);
    expect(found.reads).toBe(2);
    expect(found.shown).toEqual(["4 fresh", "3 archived", "2 archived"]);
  });

  it("asks Postgres again where its answer is of another life of the journal", async () => {
    const found = await newest(settled([fresh(4)], 30, 40), [{ upTo: 3, epoch: "e0" }, { upTo: 3 }]);
    expect(found.reads).toBe(2);
  });
});

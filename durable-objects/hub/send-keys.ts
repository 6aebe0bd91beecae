import { textHash } from "../../src/domain/text-hash.ts";
import { type JournalEvent, readEvents } from "./journal-rows.ts";
import { KeyRuns, type UsedKey } from "./key-runs.ts";
import type { HubSql } from "./storage.ts";

/** Events of the journal after which their keys become a run. The first keyed send after a wake reads as many rows at most. */
const STRETCH = 2_048;

/** Which part of the journal there is. */
interface Extent {
  /** Seq of the newest event. */
  readonly head: number;
  /** Everything up to this seq has been trimmed, but for what is parked. */
  readonly trimmed: number;
}

interface KeyRow {
  seq: number;
  user_id: string;
  channel_id: string;
  client_id: string;
}

/**
 * Idempotency keys of sends. A key is written with its event and nowhere else, so one is never without the other. Here is how the
 * event is found by it: by a number, in memory for the newest stretch of the journal, in sorted runs for what lies before. So a send
 * writes no row for its key, and looks nothing up in storage unless its key was used. What is found is compared with the event,
 * which is there until the journal is trimmed.
 */
export class SendKeys {
  readonly #sql: HubSql;
  readonly #extent: Extent;
  /** Read when a key is first looked up. */
  #runs: KeyRuns | undefined;
  /** Seqs by number: of what no run covers. Almost never are there two. */
  #recent = new Map<number, number | number[]>();
  /** Of events that were parked when the journal was trimmed, which have no run any more. */
  #parked: UsedKey[] = [];

  constructor(sql: HubSql, extent: Extent) {
    this.#sql = sql;
    this.#extent = extent;
  }

  /** The number by which a key is found, of 32 bits. */
  static hash(userId: string, channelId: string, key: string): number {
    return textHash(`${userId} ${channelId} ${key}`) % 2 ** 32;
  }

  /** The event for which the key was used, if it was. Writes a run where one is due, so it is not for transactions. */
  find(userId: string, channelId: string, key: string): JournalEvent | undefined {
    const runs = this.#upToDate();
    const hash = SendKeys.hash(userId, channelId, key);
    const parked = this.#parked.filter((one) => one.hash === hash).map(({ seq }) => seq);
    for (const seq of [this.#recent.get(hash) ?? [], runs.find(hash), parked].flat()) {
      const event = readEvents(this.#sql, `WHERE seq = ?`, seq)[0];
      if (event?.userId === userId && event.channelId === channelId && event.clientId === key) return event;
    }
    return undefined;
  }

  /** A key was written with its event. Where that is taken back, nothing will be found at its place. */
  written({ seq, userId, channelId, clientId }: Pick<JournalEvent, "seq" | "userId" | "channelId" | "clientId">): void {
    if (userId !== null && clientId !== null) this.#note({ hash: SendKeys.hash(userId, channelId, clientId), seq });
  }

  /** The journal has been trimmed. */
  trimmed(): void {
    if (this.#runs !== undefined) this.#forgetTrimmed(this.#runs);
  }

  #upToDate(): KeyRuns {
    this.#runs ??= this.#load();
    const runs = this.#runs;
    if (this.#extent.head - runs.through >= STRETCH) this.#cover(runs, this.#extent.head);
    return runs;
  }

  /** What no run covers is read from the journal: a stretch at most, or all of it where an earlier version wrote it. */
  #load(): KeyRuns {
    const runs = new KeyRuns(this.#sql);
    this.#recent = new Map();
    this.#forgetTrimmed(runs);
    const { head, trimmed } = this.#extent;
    for (let after = Math.max(runs.through, trimmed); after < head; after += STRETCH) {
      for (const key of this.#read(after, after + STRETCH)) this.#note(key);
      if (after + STRETCH < head) this.#cover(runs, after + STRETCH);
    }
    return runs;
  }

  #cover(runs: KeyRuns, through: number): void {
    const keys = [...this.#recent].flatMap(([hash, seqs]) => [seqs].flat().map((seq) => ({ hash, seq })));
    runs.add(keys, through, this.#extent.trimmed);
    this.#recent = new Map();
  }

  #forgetTrimmed(runs: KeyRuns): void {
    const { trimmed } = this.#extent;
    runs.dropThrough(trimmed);
    this.#parked = this.#read(0, trimmed);
  }

  #note({ hash, seq }: UsedKey): void {
    const known = this.#recent.get(hash);
    this.#recent.set(hash, known === undefined ? seq : [known, seq].flat());
  }

  /** The keys of events with `after < seq <= through`. */
  #read(after: number, through: number): UsedKey[] {
    const rows = this.#sql.all<KeyRow>(
      `SELECT seq, user_id, channel_id, client_id FROM journal
       WHERE seq > ? AND seq <= ? AND type = 'message.created' AND user_id IS NOT NULL AND client_id IS NOT NULL`,
      after,
      through,
    );
    return rows.map((row) => ({ hash: SendKeys.hash(row.user_id, row.channel_id, row.client_id), seq: row.seq }));
  }
}

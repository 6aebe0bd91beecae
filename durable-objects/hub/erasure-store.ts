import { scrubPerson } from "../../src/domain/scrub-person.ts";
import type { HubRuntime, HubSql } from "./storage.ts";

/** What is done of a user, in this order. */
export const PHASES = [
  "membership",
  "messages",
  "reactions",
  "mentions",
  "settle",
  "journal",
  "rest",
  "files",
  "done",
] as const;
export type Phase = (typeof PHASES)[number];

/** An erasure as it is kept between its steps. */
export interface ErasureRow {
  user_id: string;
  /** Until it is done. */
  external_id: string | null;
  phase: Phase;
  /** Where in its phase it is: the last id or seq that is done. */
  place: string | null;
  /** Journal seq up to which the journal is to be scrubbed. */
  target: number;
  /** Messages that were erased so far. */
  messages: number;
  failures: number;
  /** Unix milliseconds; null when done. */
  next_at: number | null;
  started_at: number;
}

interface ScrubbedRow {
  seq: number;
  body: string;
}

/** Journal rows that one step looks at. */
const SCRUBBED_PER_STEP = 2_000;
/** Milliseconds for which a finished erasure is remembered, so that a repeated call learns of it. */
const REMEMBERED_MS = 30 * 24 * 3_600_000;

/** The rows of erasures, and what they change in the hub's own tables. */
export class ErasureRows {
  readonly #sql: HubSql;
  readonly #runtime: HubRuntime;

  constructor(sql: HubSql, runtime: HubRuntime) {
    this.#sql = sql;
    this.#runtime = runtime;
  }

  /** By internal id, or by external id while it runs. */
  find(ref: string): ErasureRow | undefined {
    return this.#sql.all<ErasureRow>(
      `SELECT * FROM erasures WHERE user_id = ? OR external_id = ? LIMIT 1`,
      ref,
      ref,
    )[0];
  }

  insert(userId: string, externalId: string | null): void {
    const now = this.#runtime.now();
    this.#sql.run(`DELETE FROM erasures WHERE phase = 'done' AND started_at < ?`, now - REMEMBERED_MS);
    this.#sql.run(
      `INSERT INTO erasures (user_id, external_id, phase, place, target, messages, failures, next_at, started_at)
       VALUES (?, ?, 'membership', NULL, 0, 0, 0, ?, ?) ON CONFLICT DO NOTHING`,
      userId,
      externalId,
      now,
      now,
    );
  }

  due(): ErasureRow | undefined {
    return this.#sql.all<ErasureRow>(
      `SELECT * FROM erasures WHERE next_at <= ? ORDER BY next_at, user_id LIMIT 1`,
      this.#runtime.now(),
    )[0];
  }

  get nextAt(): number | undefined {
    return this.#sql.all<{ at: number | null }>(`SELECT min(next_at) AS at FROM erasures`)[0]?.at ?? undefined;
  }

  save(row: ErasureRow): void {
    this.#sql.run(
      `UPDATE erasures SET external_id = ?, phase = ?, place = ?, target = ?, messages = ?, failures = ?, next_at = ?
       WHERE user_id = ?`,
      row.external_id,
      row.phase,
      row.place,
      row.target,
      row.messages,
      row.failures,
      row.next_at,
      row.user_id,
    );
  }

  /**
   * Takes a user out of journal rows after `after`, with the idempotency keys of what the user sent. Returns the seq that is done,
   * `through` at the end.
   */
  scrubJournal(userId: string, after: number, through: number): number {
    // By rows, not by seqs: what is parked may lie far before the rest.
    const [last] = this.#sql.all<{ seq: number | null }>(
      `SELECT max(seq) AS seq FROM (SELECT seq FROM journal WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?)`,
      after,
      through,
      SCRUBBED_PER_STEP,
    );
    const done = last?.seq ?? through;
    const rows = this.#sql.all<ScrubbedRow>(
      `SELECT seq, body FROM journal WHERE seq > ? AND seq <= ? AND (user_id = ? OR instr(body, ?) > 0)`,
      after,
      done,
      userId,
      userId,
    );
    const at = new Date(this.#runtime.now()).toISOString();
    this.#sql.transaction(() => {
      for (const { seq, body } of rows) {
        const scrubbed = JSON.stringify(scrubPerson(JSON.parse(body), userId, at));
        this.#sql.run(
          `UPDATE journal SET body = ?, client_id = CASE WHEN user_id = ? THEN NULL ELSE client_id END WHERE seq = ?`,
          scrubbed,
          userId,
          seq,
        );
      }
    });
    return done;
  }
}

import type { HistorySource } from "../../../src/domain/hub-ports.ts";
import type { HubRuntime, HubSql } from "../storage.ts";

/** What is known of a reader is asked again after this, while it still holds: an import writes blocks past the hub. */
const FRESH_MS = 600_000;
const CHECKS_AT_ONCE = 16;
/** Readers of whom is remembered when they were asked for. */
const REMEMBERED = 10_000;

/**
 * Who sees all messages of a channel: whoever blocks nobody. The hub's copies of history are for them; the others read Postgres, which
 * leaves out what they do not want to see.
 */
export class HistoryReaders {
  readonly #sql: HubSql;
  readonly #runtime: HubRuntime;
  readonly #source: HistorySource;
  readonly #checks = new Map<string, Promise<void>>();
  /** What this life of the object has found out; the table is for the next one. */
  readonly #known = new Map<string, { seesAll: boolean; checkedAt: number }>();

  constructor(parts: { sql: HubSql; runtime: HubRuntime; source: HistorySource }) {
    this.#sql = parts.sql;
    this.#runtime = parts.runtime;
    this.#source = parts.source;
  }

  /** Ends when it is known of a user of whom it is not, or cannot be; undefined where it is known, and where too many are asked about. */
  learning(userId: string): Promise<void> | undefined {
    if (this.#known.has(userId) || this.#stored(userId) !== undefined) return undefined;
    this.#check(userId);
    return this.#checks.get(userId);
  }

  /** False also where it is not known yet; it is found out meanwhile. */
  seesAll(userId: string): boolean {
    const known = this.#known.get(userId);
    if (known === undefined || this.#runtime.now() - known.checkedAt > FRESH_MS) this.#check(userId);
    return known?.seesAll ?? this.#stored(userId) ?? false;
  }

  /** A user's blocks may have changed: nothing is known of it from here on. */
  forget(userId: string): void {
    // What is being asked may be older than the change.
    this.#checks.delete(userId);
    this.#known.delete(userId);
    if (this.#stored(userId) !== undefined) this.#sql.run(`DELETE FROM history_readers WHERE user_id = ?`, userId);
  }

  #check(userId: string): void {
    if (this.#checks.has(userId) || this.#checks.size >= CHECKS_AT_ONCE) return;
    const check: Promise<void> = this.#source
      .isBlocking(userId)
      .then((isBlocking) => {
        if (this.#checks.get(userId) === check) this.#learned(userId, !isBlocking);
      })
      .catch((error: unknown) => {
        this.#runtime.log("warn", "history.reader_unknown", { error: String(error) });
      })
      .finally(() => {
        if (this.#checks.get(userId) === check) this.#checks.delete(userId);
      });
    this.#checks.set(userId, check);
  }

  #learned(userId: string, seesAll: boolean): void {
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(userId, { seesAll, checkedAt: this.#runtime.now() });
    if (this.#stored(userId) === seesAll) return;
    this.#sql.run(`INSERT OR REPLACE INTO history_readers (user_id, sees_all) VALUES (?, ?)`, userId, seesAll ? 1 : 0);
  }

  #stored(userId: string): boolean | undefined {
    const row = this.#sql.all<{ sees_all: number }>(
      `SELECT sees_all FROM history_readers WHERE user_id = ?`,
      userId,
    )[0];
    return row === undefined ? undefined : row.sees_all === 1;
  }
}

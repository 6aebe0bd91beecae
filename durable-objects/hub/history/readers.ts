import type { HistorySource } from "../../../src/domain/hub-ports.ts";
import type { HubRuntime, HubSql } from "../storage.ts";

/** What is known is asked again after this, while it still holds: an import writes blocks past the hub. */
const FRESH_MS = 600_000;
/** A workspace in which more users than these block somebody has its pages from Postgres. */
const MAX_BLOCKERS = 20_000;
/** Where Postgres does not answer, it is not asked again before this. */
const RETRY_MS = 1_000;
const CHECKS_AT_ONCE = 4;
/** The row that says that all others are there. */
const COMPLETE = "";

/**
 * Who sees all messages of a channel: whoever blocks nobody. The hub's copies of history are for them; the others read Postgres, which
 * leaves out what they do not want to see. Few block anybody, so the hub knows those, all of them by one question.
 */
export class HistoryReaders {
  readonly #sql: HubSql;
  readonly #runtime: HubRuntime;
  readonly #source: HistorySource;
  /** Users who block somebody, and those who may; undefined where they are not known. */
  #blockers: Set<string> | undefined;
  /** Unix milliseconds when Postgres was last asked for them, in this life of the object. */
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  /** Users whose blocks changed since the question that is under way. */
  readonly #changedMeanwhile = new Set<string>();
  /** Blockers of whom it is not known whether they are. */
  readonly #doubtful = new Set<string>();
  readonly #checks = new Map<string, Promise<void>>();

  constructor(parts: { sql: HubSql; runtime: HubRuntime; source: HistorySource }) {
    this.#sql = parts.sql;
    this.#runtime = parts.runtime;
    this.#source = parts.source;
    const kept = this.#sql
      .all<{ user_id: string }>(`SELECT user_id FROM history_readers WHERE sees_all = 0 OR user_id = ?`, COMPLETE)
      .map((row) => row.user_id);
    if (kept.includes(COMPLETE)) this.#blockers = new Set(kept.filter((userId) => userId !== COMPLETE));
  }

  /** Ends when the users who block somebody are known, or cannot be; undefined where they are, and where they were asked for lately. */
  learning(): Promise<void> | undefined {
    return this.#blockers === undefined && this.#isStale() ? this.#read() : undefined;
  }

  /** False also where it is not known yet; it is found out meanwhile. */
  seesAll(userId: string): boolean {
    if (this.#isStale()) void this.#read();
    if (this.#doubtful.has(userId)) this.#check(userId);
    return this.#blockers !== undefined && !this.#blockers.has(userId);
  }

  /** A user's blocks may have changed: nothing is known of it from here on. */
  forget(userId: string): void {
    // What is being asked may be older than the change.
    this.#checks.delete(userId);
    if (this.#reading !== undefined) this.#changedMeanwhile.add(userId);
    if (this.#blockers === undefined) return;
    this.#doubtful.add(userId);
    if (this.#blockers.has(userId)) return;
    this.#blockers.add(userId);
    this.#keep(userId);
  }

  #isStale(): boolean {
    return this.#runtime.now() - this.#readAt > FRESH_MS;
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readAll()
      .catch((error: unknown) => {
        this.#readAt = this.#runtime.now() - FRESH_MS + RETRY_MS;
        this.#runtime.log("warn", "history.blockers_unknown", { error: String(error) });
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    const askedAt = this.#runtime.now();
    this.#changedMeanwhile.clear();
    const found = await this.#source.blockers(MAX_BLOCKERS + 1);
    this.#readAt = askedAt;
    const isAll = found.length <= MAX_BLOCKERS;
    const known = this.#blockers;
    const now = new Set(found);
    for (const userId of this.#changedMeanwhile) now.add(userId);
    this.#doubtful.clear();
    for (const userId of this.#changedMeanwhile) this.#doubtful.add(userId);
    this.#blockers = isAll ? now : undefined;
    if (!isAll || known === undefined) this.#sql.run(`DELETE FROM history_readers`);
    if (!isAll) return;
    for (const userId of known ?? []) if (!now.has(userId)) this.#drop(userId);
    for (const userId of now) if (!known?.has(userId)) this.#keep(userId);
    if (known === undefined) {
      this.#sql.run(`INSERT OR REPLACE INTO history_readers (user_id, sees_all) VALUES (?, 1)`, COMPLETE);
    }
  }

  #check(userId: string): void {
    if (this.#checks.has(userId) || this.#checks.size >= CHECKS_AT_ONCE) return;
    const check: Promise<void> = this.#source
      .isBlocking(userId)
      .then((isBlocking) => {
        if (this.#checks.get(userId) !== check) return;
        this.#doubtful.delete(userId);
        if (isBlocking || this.#blockers?.delete(userId) !== true) return;
        this.#drop(userId);
      })
      .catch((error: unknown) => {
        this.#runtime.log("warn", "history.reader_unknown", { error: String(error) });
      })
      .finally(() => {
        if (this.#checks.get(userId) === check) this.#checks.delete(userId);
      });
    this.#checks.set(userId, check);
  }

  #keep(userId: string): void {
    this.#sql.run(`INSERT OR REPLACE INTO history_readers (user_id, sees_all) VALUES (?, 0)`, userId);
  }

  #drop(userId: string): void {
    this.#sql.run(`DELETE FROM history_readers WHERE user_id = ?`, userId);
  }
}

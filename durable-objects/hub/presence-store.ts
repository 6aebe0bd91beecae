import type { HubSql } from "./storage.ts";

/** A user whose last connection ended at `at` (unix milliseconds), and how it was shown then. */
export interface Leaving {
  at: number;
  status: "online" | "away";
}

/**
 * What of presence must outlive the object's memory: who left just now, and when the others were seen last. Everything else
 * follows from the open connections. A leave costs three rows in all, a reload two, a connection none.
 */
export class PresenceStore {
  /** Whoever left and is not offline yet. */
  readonly leaving = new Map<string, Leaving>();
  readonly #sql: HubSql;
  #earliest: number | undefined;

  constructor(sql: HubSql) {
    this.#sql = sql;
    const rows = sql.all<{ user_id: string; at: number; away: number }>(
      `SELECT user_id, at, away FROM presence_leaving`,
    );
    for (const { user_id, at, away } of rows) this.#keep(user_id, { at, status: away === 1 ? "away" : "online" });
  }

  /** Unix milliseconds of the first leave that is not settled, or a little before it. */
  get earliest(): number | undefined {
    return this.leaving.size === 0 ? undefined : this.#earliest;
  }

  left(userId: string, leaving: Leaving): void {
    this.#sql.run(
      `INSERT OR REPLACE INTO presence_leaving (user_id, at, away) VALUES (?, ?, ?)`,
      userId,
      leaving.at,
      leaving.status === "away" ? 1 : 0,
    );
    this.#keep(userId, leaving);
  }

  cameBack(userId: string): void {
    this.#sql.run(`DELETE FROM presence_leaving WHERE user_id = ?`, userId);
    this.leaving.delete(userId);
  }

  /** Makes everybody offline who left at `through` or before; returns them. */
  settle(through: number): Map<string, Leaving> {
    if ((this.earliest ?? Number.POSITIVE_INFINITY) > through) return new Map();
    const all = [...this.leaving];
    const gone = new Map(all.filter(([, { at }]) => at <= through));
    this.#earliest = all.reduce(
      (least, [, { at }]) => (at > through ? Math.min(least, at) : least),
      Number.POSITIVE_INFINITY,
    );
    if (gone.size === 0) return gone;
    this.#sql.transaction(() => {
      this.#sql.run(
        `INSERT OR REPLACE INTO last_seen (user_id, at) SELECT user_id, at FROM presence_leaving WHERE at <= ?`,
        through,
      );
      this.#sql.run(`DELETE FROM presence_leaving WHERE at <= ?`, through);
    });
    for (const userId of gone.keys()) this.leaving.delete(userId);
    return gone;
  }

  /** Unix milliseconds at which each of the users was seen last; those never seen are left out. */
  lastSeen(userIds: readonly string[]): Map<string, number> {
    if (userIds.length === 0) return new Map();
    const rows = this.#sql.all<{ user_id: string; at: number }>(
      `SELECT user_id, at FROM last_seen WHERE user_id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(userIds),
    );
    return new Map(rows.map((row) => [row.user_id, row.at]));
  }

  forget(userId: string): void {
    this.cameBack(userId);
    this.#sql.run(`DELETE FROM last_seen WHERE user_id = ?`, userId);
  }

  #keep(userId: string, leaving: Leaving): void {
    this.leaving.set(userId, leaving);
    this.#earliest = Math.min(this.#earliest ?? leaving.at, leaving.at);
  }
}

import type { HubRuntime, HubSql } from "../storage.ts";
import type { PushPauses } from "./pauses.ts";

/** One message for one device. */
export interface OwedPush {
  /** Journal seq of the message. */
  seq: number;
  userId: string;
  token: string;
  lane: string;
}

interface OwedRow {
  seq: number;
  user_id: string;
  token: string;
  lane: string;
}

/** Pushes that may wait; what comes beyond is dropped and reported. */
const MAX_OWED = 20_000;

/** Pushes that could not be delivered at once, in the object's SQLite until they are delivered or no longer wanted. */
export class PushOutbox {
  readonly #sql: HubSql;
  readonly #runtime: HubRuntime;
  readonly #pauses: PushPauses;
  #size: number;
  #nextDue: number | undefined;

  constructor(sql: HubSql, runtime: HubRuntime, pauses: PushPauses) {
    this.#sql = sql;
    this.#runtime = runtime;
    this.#pauses = pauses;
    this.#size = sql.all<{ rows: number }>(`SELECT count(*) AS rows FROM push_outbox`)[0]?.rows ?? 0;
    this.replan();
  }

  /** Unix milliseconds at which something is due, at the earliest; undefined where nothing waits. */
  get nextDue(): number | undefined {
    return this.#size === 0 ? undefined : this.#nextDue;
  }

  /** Journal seq of the oldest message that still waits. */
  get oldest(): number | undefined {
    if (this.#size === 0) return undefined;
    return this.#sql.all<{ seq: number | null }>(`SELECT min(seq) AS seq FROM push_outbox`)[0]?.seq ?? undefined;
  }

  /** Pushes that are due, oldest first; of a device whose last attempt failed only one. */
  due(limit: number): OwedPush[] {
    if (this.#size === 0) return [];
    const rows = this.#sql.all<OwedRow>(
      `SELECT o.seq, o.user_id, o.token, o.lane FROM push_outbox AS o
         LEFT JOIN push_pauses AS l ON l.key = 'lane ' || o.lane
         LEFT JOIN push_pauses AS d ON d.key = 'device ' || o.token
       WHERE max(coalesce(l.until, 0), coalesce(d.until, 0)) <= ?
         AND (d.key IS NULL OR o.seq = (SELECT min(seq) FROM push_outbox WHERE token = o.token))
       ORDER BY o.seq LIMIT ?`,
      this.#runtime.now(),
      limit,
    );
    return rows.map(({ user_id: userId, ...row }) => ({ ...row, userId }));
  }

  /** Keeps a push until its device is served again. */
  keep(push: OwedPush): void {
    if (this.#waits(push)) return;
    if (this.#size >= MAX_OWED) {
      this.#runtime.log("error", "push.dropped", { lane: push.lane, waiting: this.#size });
      return;
    }
    this.#sql.run(
      `INSERT INTO push_outbox (token, seq, user_id, lane) VALUES (?, ?, ?, ?)`,
      push.token,
      push.seq,
      push.userId,
      push.lane,
    );
    this.#size++;
    const due = this.#pauses.until(push);
    this.#nextDue = Math.min(this.#nextDue ?? due, due);
  }

  remove(push: OwedPush): void {
    if (!this.#waits(push)) return;
    this.#sql.run(`DELETE FROM push_outbox WHERE token = ? AND seq = ?`, push.token, push.seq);
    this.#size--;
  }

  /** Finds out anew when something is due: pauses have changed. Reads all that waits. */
  replan(): void {
    if (this.#size === 0) return;
    this.#nextDue = this.#sql.all<{ due: number }>(
      `SELECT min(max(coalesce(l.until, 0), coalesce(d.until, 0))) AS due FROM push_outbox AS o
         LEFT JOIN push_pauses AS l ON l.key = 'lane ' || o.lane
         LEFT JOIN push_pauses AS d ON d.key = 'device ' || o.token`,
    )[0]?.due;
  }

  #waits({ seq, token }: OwedPush): boolean {
    if (this.#size === 0) return false;
    return this.#sql.all(`SELECT 1 FROM push_outbox WHERE token = ? AND seq = ?`, token, seq).length > 0;
  }
}

import type { HubSql } from "../storage.ts";

/** Something to tell of: an event of the journal by its seq (and part, where it is told per user), or its data itself. */
export interface Occurrence {
  eventId: string;
  event: string;
  /** What keeps its order: a channel, a user, or the tests of a webhook. */
  lane: string;
  seq: number | null;
  /** The user of whom it tells, where one event of the journal is several for webhooks. */
  part: string | null;
  /** JSON text. */
  data: string | null;
  /** Unix milliseconds at which it happened. */
  at: number;
}

/** An occurrence on its way to one webhook. */
export interface OutboxRow extends Occurrence {
  webhookId: string;
  number: number;
  attempts: number;
  nextAt: number;
  lastAt: number | null;
  response: number | null;
  error: string | null;
}

/** The first row of a lane; only that one is sent. */
export interface Head {
  number: number;
  nextAt: number;
  /** True while it is being sent. */
  busy: boolean;
}

/** A value bound to a statement may have 2 MB. */
const ROWS_PER_STATEMENT = 500;

const COLUMNS = `webhook_id AS webhookId, lane, number, event_id AS eventId, event, seq, part, data,
  created_at AS at, attempts, next_at AS nextAt, last_at AS lastAt, response, error`;

/** What is still to be delivered, per webhook in lanes that keep their order; the first row of each lane is in memory. */
export class Outbox {
  readonly #sql: HubSql;
  readonly #heads = new Map<string, Map<string, Head>>();

  constructor(sql: HubSql) {
    this.#sql = sql;
    // SQLite takes the other columns of a group from the row that has the minimum.
    const rows = sql.all<{ webhookId: string; lane: string; number: number; nextAt: number }>(
      `SELECT webhook_id AS webhookId, lane, min(number) AS number, next_at AS nextAt FROM webhook_outbox
       GROUP BY webhook_id, lane`,
    );
    for (const { webhookId, lane, number, nextAt } of rows) {
      this.#lanes(webhookId).set(lane, { number, nextAt, busy: false });
    }
  }

  heads(webhookId: string): ReadonlyMap<string, Head> {
    return this.#heads.get(webhookId) ?? new Map();
  }

  /** Adds rows, for which their numbers are fresh or free again. */
  add(rows: readonly OutboxRow[]): void {
    for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
      this.#insert(rows.slice(from, from + ROWS_PER_STATEMENT));
    }
    for (const { webhookId, lane, number, nextAt } of rows) {
      const head = this.#lanes(webhookId).get(lane);
      // A row that comes back has its old, lower number. One that is being sent stays first until it is done.
      if (head === undefined || (!head.busy && number < head.number)) {
        this.#lanes(webhookId).set(lane, { number, nextAt, busy: false });
      }
    }
  }

  get(webhookId: string, lane: string, number: number): OutboxRow | undefined {
    return this.#sql.all<OutboxRow>(
      `SELECT ${COLUMNS} FROM webhook_outbox WHERE webhook_id = ? AND lane = ? AND number = ?`,
      webhookId,
      lane,
      number,
    )[0];
  }

  find(webhookId: string, number: number): OutboxRow | undefined {
    return this.#sql.all<OutboxRow>(
      `SELECT ${COLUMNS} FROM webhook_outbox WHERE webhook_id = ? AND number = ?`,
      webhookId,
      number,
    )[0];
  }

  /** Newest first. */
  list(webhookId: string, before: number, limit: number): OutboxRow[] {
    return this.#sql.all<OutboxRow>(
      `SELECT ${COLUMNS} FROM webhook_outbox WHERE webhook_id = ? AND number < ?
       ORDER BY number DESC LIMIT ?`,
      webhookId,
      before,
      limit,
    );
  }

  /** Stores what an attempt came to, and when the next one is due. */
  reschedule(row: OutboxRow): void {
    this.#sql.run(
      `UPDATE webhook_outbox SET attempts = ?, next_at = ?, last_at = ?, response = ?, error = ?
       WHERE webhook_id = ? AND lane = ? AND number = ?`,
      row.attempts,
      row.nextAt,
      row.lastAt,
      row.response,
      row.error,
      row.webhookId,
      row.lane,
      row.number,
    );
    this.refresh(row.webhookId, row.lane);
  }

  remove({ webhookId, lane, number }: OutboxRow): void {
    this.#sql.run(
      `DELETE FROM webhook_outbox WHERE webhook_id = ? AND lane = ? AND number = ?`,
      webhookId,
      lane,
      number,
    );
    this.refresh(webhookId, lane);
  }

  /** Makes dead letters of everything of a webhook except what is being sent and what is in the lane `except`. */
  giveUp(webhookId: string, except: string, endedAt: number, error: string): void {
    const busy = [...this.heads(webhookId).values()].filter((head) => head.busy).map((head) => head.number);
    const mine = `webhook_id = ? AND lane <> ? AND number NOT IN (SELECT value FROM json_each(?))`;
    const params = [webhookId, except, JSON.stringify(busy)] as const;
    this.#sql.run(
      `INSERT INTO webhook_log (webhook_id, number, lane, event_id, event, seq, part, data, created_at, attempts,
         last_at, response, error, delivered, ended_at)
       SELECT webhook_id, number, lane, event_id, event, seq, part, data, created_at, attempts, last_at, response,
         ?, 0, ? FROM webhook_outbox WHERE ${mine}`,
      error,
      endedAt,
      ...params,
    );
    this.#sql.run(`DELETE FROM webhook_outbox WHERE ${mine}`, ...params);
    for (const lane of [...this.heads(webhookId).keys()]) this.refresh(webhookId, lane);
  }

  /** Forgets a webhook. */
  drop(webhookId: string): void {
    this.#sql.run(`DELETE FROM webhook_outbox WHERE webhook_id = ?`, webhookId);
    this.#heads.delete(webhookId);
  }

  /** Overwrites the data of everything in a lane. */
  blank(lane: string, data: string): void {
    this.#sql.run(`UPDATE webhook_outbox SET data = ? WHERE lane = ? AND data IS NOT NULL`, data, lane);
  }

  /** The lowest journal seq that is still needed; undefined for none. */
  lowestSeq(): number | undefined {
    return this.#sql.all<{ seq: number | null }>(`SELECT min(seq) AS seq FROM webhook_outbox`)[0]?.seq ?? undefined;
  }

  /** Finds a lane's first row anew, unless the present one is being sent. */
  refresh(webhookId: string, lane: string): void {
    const lanes = this.#lanes(webhookId);
    if (lanes.get(lane)?.busy === true) return;
    const first = this.#sql.all<{ number: number; nextAt: number }>(
      `SELECT number, next_at AS nextAt FROM webhook_outbox WHERE webhook_id = ? AND lane = ? ORDER BY number LIMIT 1`,
      webhookId,
      lane,
    )[0];
    if (first === undefined) lanes.delete(lane);
    else lanes.set(lane, { ...first, busy: false });
  }

  #insert(rows: readonly OutboxRow[]): void {
    this.#sql.run(
      `INSERT INTO webhook_outbox (webhook_id, lane, number, event_id, event, seq, part, data, created_at, attempts,
         next_at, last_at, response, error)
       SELECT value ->> 'webhookId', value ->> 'lane', value ->> 'number', value ->> 'eventId', value ->> 'event',
         value ->> 'seq', value ->> 'part', value ->> 'data', value ->> 'at', value ->> 'attempts', value ->> 'nextAt',
         value ->> 'lastAt', value ->> 'response', value ->> 'error'
       FROM json_each(?)`,
      JSON.stringify(rows),
    );
  }

  #lanes(webhookId: string): Map<string, Head> {
    const known = this.#heads.get(webhookId);
    if (known !== undefined) return known;
    const fresh = new Map<string, Head>();
    this.#heads.set(webhookId, fresh);
    return fresh;
  }
}

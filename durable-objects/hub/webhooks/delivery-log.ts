import { DEAD_LETTER_MS, DELIVERED_LISTED, DELIVERED_MS } from "../../../src/domain/webhook-policy.ts";
import type { HubSql } from "../storage.ts";
import type { OutboxRow } from "./outbox.ts";

/** A delivery that has ended; `nextAt` means nothing any more. */
export interface LogRow extends OutboxRow {
  /** 1 or 0. */
  delivered: number;
  /** Unix milliseconds. */
  endedAt: number;
}

const COLUMNS = `webhook_id AS webhookId, lane, number, event_id AS eventId, event, seq, part, data, created_at AS at,
  attempts, 0 AS nextAt, last_at AS lastAt, response, error, delivered, ended_at AS endedAt`;

/** Deliveries beyond the listed ones that gather before they are dropped, so that dropping is rare. */
const SLACK = 250;

/** What was delivered, and the dead letters. */
export class DeliveryLog {
  readonly #sql: HubSql;
  /** Rows of a webhook since they were last counted; only a reason to look. */
  readonly #sizes = new Map<string, number>();

  constructor(sql: HubSql) {
    this.#sql = sql;
  }

  add(row: OutboxRow, delivered: boolean, endedAt: number): void {
    this.#sql.run(
      `INSERT OR REPLACE INTO webhook_log (webhook_id, number, lane, event_id, event, seq, part, data, created_at,
         attempts, last_at, response, error, delivered, ended_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.webhookId,
      row.number,
      row.lane,
      row.eventId,
      row.event,
      row.seq,
      row.part,
      row.data,
      row.at,
      row.attempts,
      row.lastAt,
      row.response,
      row.error,
      delivered ? 1 : 0,
      endedAt,
    );
    if (delivered) this.#bound(row.webhookId);
  }

  find(webhookId: string, number: number): LogRow | undefined {
    return this.#sql.all<LogRow>(
      `SELECT ${COLUMNS} FROM webhook_log WHERE webhook_id = ? AND number = ?`,
      webhookId,
      number,
    )[0];
  }

  /** Newest first; `delivered` undefined for both kinds. */
  list(webhookId: string, before: number, limit: number, delivered: boolean | undefined): LogRow[] {
    return this.#sql.all<LogRow>(
      `SELECT ${COLUMNS} FROM webhook_log WHERE webhook_id = ? AND number < ? AND delivered IN (?, ?)
       ORDER BY number DESC LIMIT ?`,
      webhookId,
      before,
      delivered === false ? 0 : 1,
      delivered === true ? 1 : 0,
      limit,
    );
  }

  remove(webhookId: string, number: number): void {
    this.#sql.run(`DELETE FROM webhook_log WHERE webhook_id = ? AND number = ?`, webhookId, number);
  }

  /** Forgets a webhook. */
  drop(webhookId: string): void {
    this.#sql.run(`DELETE FROM webhook_log WHERE webhook_id = ?`, webhookId);
    this.#sizes.delete(webhookId);
  }

  /** Overwrites the data of everything in a lane. */
  blank(lane: string, data: string): void {
    this.#sql.run(`UPDATE webhook_log SET data = ? WHERE lane = ? AND data IS NOT NULL`, data, lane);
  }

  /** The lowest journal seq that a dead letter needs; undefined for none. */
  lowestSeq(): number | undefined {
    return (
      this.#sql.all<{ seq: number | null }>(`SELECT min(seq) AS seq FROM webhook_log WHERE delivered = 0`)[0]?.seq ??
      undefined
    );
  }

  /** Removes what has been kept long enough. @returns unix ms at which the next row ends its time; undefined for none */
  clear(now: number): number | undefined {
    this.#sql.run(
      `DELETE FROM webhook_log WHERE ended_at <= CASE delivered WHEN 1 THEN ? ELSE ? END`,
      now - DELIVERED_MS,
      now - DEAD_LETTER_MS,
    );
    this.#sizes.clear();
    return (
      this.#sql.all<{ at: number | null }>(
        `SELECT min(ended_at + CASE delivered WHEN 1 THEN ? ELSE ? END) AS at FROM webhook_log`,
        DELIVERED_MS,
        DEAD_LETTER_MS,
      )[0]?.at ?? undefined
    );
  }

  /** Drops the oldest delivered rows of a webhook where there are too many. */
  #bound(webhookId: string): void {
    const size = (this.#sizes.get(webhookId) ?? this.#count(webhookId)) + 1;
    this.#sizes.set(webhookId, size);
    if (size <= DELIVERED_LISTED + SLACK) return;
    this.#sql.run(
      `DELETE FROM webhook_log WHERE webhook_id = ? AND delivered = 1 AND number <= (
         SELECT number FROM webhook_log WHERE webhook_id = ? AND delivered = 1 ORDER BY number DESC LIMIT 1 OFFSET ?)`,
      webhookId,
      webhookId,
      DELIVERED_LISTED,
    );
    this.#sizes.set(webhookId, DELIVERED_LISTED);
  }

  #count(webhookId: string): number {
    const rows = this.#sql.all<{ rows: number }>(
      `SELECT count(*) AS rows FROM webhook_log WHERE webhook_id = ? AND delivered = 1`,
      webhookId,
    );
    // The row that was just added is counted by the caller.
    return Math.max(0, (rows[0]?.rows ?? 0) - 1);
  }
}

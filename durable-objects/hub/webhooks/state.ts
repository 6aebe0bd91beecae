import type { HubSql } from "../storage.ts";

interface StateRow {
  version: number;
  place: number;
  next_number: number;
  clear_at: number | null;
}

/** How far the webhooks of a hub have come: one row. */
export class WebhookState {
  readonly #sql: HubSql;
  /** Of the copy of the configuration. */
  version = 0;
  /** Journal seq up to which events are in the outbox. What only moves this past uninteresting events is not stored. */
  place = 0;
  nextNumber = 1;
  /** Unix milliseconds at which something in the log ends its time; undefined where it is empty. */
  clearAt: number | undefined;

  constructor(sql: HubSql) {
    this.#sql = sql;
    const row = sql.all<StateRow>(`SELECT version, place, next_number, clear_at FROM webhook_state`)[0];
    if (row === undefined) return;
    this.version = row.version;
    this.place = row.place;
    this.nextNumber = row.next_number;
    this.clearAt = row.clear_at ?? undefined;
  }

  /** Writes the row. The last statement of the transaction that it belongs to. */
  save(): void {
    this.#sql.run(
      `INSERT INTO webhook_state (id, version, place, next_number, clear_at) VALUES (1, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET version = excluded.version, place = excluded.place,
         next_number = excluded.next_number, clear_at = excluded.clear_at`,
      this.version,
      this.place,
      this.nextNumber,
      this.clearAt ?? null,
    );
  }
}

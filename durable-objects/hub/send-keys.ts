import { type JournalEvent, readEvents } from "./journal-rows.ts";
import type { HubSql } from "./storage.ts";

/** Idempotency keys of sends, each with the event that it led to; they go when the journal is trimmed. */
export class SendKeys {
  readonly #sql: HubSql;

  constructor(sql: HubSql) {
    this.#sql = sql;
  }

  /** The event for which the key was used, if it was. */
  find(userId: string, channelId: string, key: string): JournalEvent | undefined {
    // Two steps, since nearly every key is new and the second is then not taken.
    const seq = this.#sql.all<{ seq: number }>(
      `SELECT seq FROM sends WHERE user_id = ? AND channel_id = ? AND key = ?`,
      userId,
      channelId,
      key,
    )[0]?.seq;
    return seq === undefined ? undefined : readEvents(this.#sql, `WHERE seq = ?`, seq)[0];
  }

  record(userId: string, channelId: string, key: string, seq: number): void {
    this.#sql.run(`INSERT INTO sends (user_id, channel_id, key, seq) VALUES (?, ?, ?, ?)`, userId, channelId, key, seq);
  }
}

import type { HubSql } from "./storage.ts";

/** An open stream as it is kept: its message, and the text that was acknowledged. */
export interface StreamRow {
  message_id: string;
  channel_id: string;
  user_id: string | null;
  /** Journal seq of the message's creation. */
  seq: number;
  /** Unix milliseconds. */
  opened_at: number;
  touched_at: number;
  content: string;
}

/** The open streams in the object's SQLite: one row each, so that a checkpoint writes one row however long the text is. */
export class StreamStore {
  readonly #sql: HubSql;

  constructor(sql: HubSql) {
    this.#sql = sql;
  }

  all(): StreamRow[] {
    return this.#sql.all<StreamRow>(
      `SELECT message_id, channel_id, user_id, seq, opened_at, touched_at, content FROM streams`,
    );
  }

  insert(row: StreamRow): void {
    this.#sql.run(
      `INSERT INTO streams (message_id, channel_id, user_id, seq, opened_at, touched_at, content)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      row.message_id,
      row.channel_id,
      row.user_id,
      row.seq,
      row.opened_at,
      row.touched_at,
      row.content,
    );
  }

  /** One checkpoint of several streams, all or none. */
  update(streams: Iterable<{ messageId: string; touchedAt: number; text: string }>): void {
    this.#sql.transaction(() => {
      for (const { messageId, touchedAt, text } of streams) {
        this.#sql.run(
          `UPDATE streams SET content = ?, touched_at = ? WHERE message_id = ?`,
          text,
          touchedAt,
          messageId,
        );
      }
    });
  }

  delete(messageId: string): void {
    this.#sql.run(`DELETE FROM streams WHERE message_id = ?`, messageId);
  }
}

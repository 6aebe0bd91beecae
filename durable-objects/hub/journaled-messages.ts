import type { ChangedMessage, Message } from "../../src/protocol/message.ts";
import { type JournalEvent, readEvents } from "./journal-rows.ts";
import type { HubSql } from "./storage.ts";

/** Which part of the journal there is. */
interface Extent {
  /** Seq of the newest event. */
  readonly head: number;
  /** Everything up to this seq has been trimmed. */
  readonly trimmed: number;
}

/** Messages as the journal holds them: looked up by what they are, and overwritten where they are gone. */
export class JournaledMessages {
  readonly #sql: HubSql;
  readonly #extent: Extent;

  constructor(sql: HubSql, extent: Extent) {
    this.#sql = sql;
    this.#extent = extent;
  }

  /** Newest messages of a channel, newest first, from the whole journal. `before` is a message seq. */
  newest(channelId: string, before: number, limit: number): JournalEvent[] {
    return readEvents(
      this.#sql,
      `WHERE channel_id = ? AND type = 'message.created' AND json_extract(body, '$.message.seq') < ?
       ORDER BY seq DESC LIMIT ?`,
      channelId,
      before,
      limit,
    );
  }

  /**
   * Overwrites every trace of a message's former content: its creation, its changes, and what replies quote of it.
   */
  blank(tombstone: ChangedMessage): void {
    const created = this.#creationOf(tombstone);
    const whole: Message = { ...tombstone, reactions: [], reply_count: 0, last_repliers: [] };
    if (created !== undefined) {
      this.#sql.run(`UPDATE journal SET body = ? WHERE seq = ?`, JSON.stringify({ message: whole }), created);
    }
    this.#sql.run(
      `UPDATE journal SET body = json_set(body, '$.message', json(?))
       WHERE message_id = ? AND type <> 'message.created' AND message_id IS NOT NULL
         AND json_type(body, '$.message') IS NOT NULL`,
      JSON.stringify(tombstone),
      tombstone.id,
    );
    this.#sql.run(
      `UPDATE journal SET body = json_set(body, '$.message.quoted_message.content', '',
         '$.message.quoted_message.deleted', json('true'))
       WHERE seq > ? AND channel_id = ? AND type LIKE 'message.%' AND instr(body, ?) > 0
         AND json_extract(body, '$.message.quoted_message.id') = ?`,
      created ?? this.#extent.trimmed,
      tombstone.channel_id,
      tombstone.id,
      tombstone.id,
    );
  }

  /** A message after its newest change that is still in the journal; undefined where it has none. */
  newestState(messageId: string): ChangedMessage | undefined {
    const message = this.#sql.all<{ message: string }>(
      `SELECT json_extract(body, '$.message') AS message FROM journal
       WHERE message_id = ? AND message_id IS NOT NULL AND type <> 'message.created'
         AND json_type(body, '$.message') IS NOT NULL
       ORDER BY seq DESC LIMIT 1`,
      messageId,
    )[0]?.message;
    return message === undefined ? undefined : (JSON.parse(message) as ChangedMessage);
  }

  /** True where something changed the message after a journal seq, and the journal still has that. */
  isChangedAfter(messageId: string, seq: number): boolean {
    const found = this.#sql.all(
      `SELECT 1 FROM journal WHERE message_id = ? AND message_id IS NOT NULL AND type <> 'message.created' AND seq > ? LIMIT 1`,
      messageId,
      seq,
    );
    return found.length > 0;
  }

  /** True where a message that was sent or changed after a journal seq shows this file. */
  showsAfter(attachmentUrl: string, seq: number): boolean {
    const found = this.#sql.all(
      `SELECT 1 FROM journal WHERE seq > ? AND type IN ('message.created', 'message.updated')
         AND json_extract(body, '$.message.attachment_url') = ? LIMIT 1`,
      seq,
      attachmentUrl,
    );
    return found.length > 0;
  }

  /** Seq of the event that created the message: times rise with seqs, so its own time leads there. */
  #creationOf(message: ChangedMessage): number | undefined {
    const time = Date.parse(message.created_at);
    const from = this.#firstAt(time);
    return this.#sql.all<{ seq: number }>(
      `SELECT seq FROM journal WHERE seq >= ? AND at <= ? AND message_id = ? AND type = 'message.created' LIMIT 1`,
      from,
      // Creation and append are one turn; the clock may tick between them.
      time + 10_000,
      message.id,
    )[0]?.seq;
  }

  /** How many messages were created since `time` (unix milliseconds), as far as the journal reaches back. */
  countSince(time: number): number {
    const [row] = this.#sql.all<{ rows: number }>(
      `SELECT count(*) AS rows FROM journal WHERE seq >= ? AND at >= ? AND type = 'message.created'`,
      this.#firstAt(time),
      time,
    );
    return row?.rows ?? 0;
  }

  /** The first seq whose event is not older than `time`, by bisection. */
  #firstAt(time: number): number {
    let [low, high] = [this.#extent.trimmed + 1, this.#extent.head + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = this.#sql.all<{ at: number }>(
        `SELECT at FROM journal WHERE seq >= ? ORDER BY seq LIMIT 1`,
        middle,
      )[0];
      if (row !== undefined && row.at < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

import { textHash } from "../../src/domain/text-hash.ts";
import { type JournalEvent, readEvents } from "./journal-rows.ts";
import type { HubSql } from "./storage.ts";

/**
 * Idempotency keys of sends, each with the event that it led to; they go when the journal is trimmed. A key is found by a
 * number, since a table of the keys themselves is ten times as large, and a busy hub reads and writes another part of it with
 * each send; what was found is compared with the event.
 */
export class SendKeys {
  readonly #sql: HubSql;
  /** True where keys of an earlier version are left, which are in a table of their own. */
  readonly #holdsEarlier: boolean;

  constructor(sql: HubSql) {
    this.#sql = sql;
    this.#holdsEarlier = sql.all(`SELECT 1 FROM sends LIMIT 1`).length > 0;
  }

  /** The number under which a key is written. */
  static hash(userId: string, channelId: string, key: string): number {
    return textHash(`${userId} ${channelId} ${key}`);
  }

  /** The event for which the key was used, if it was. */
  find(userId: string, channelId: string, key: string): JournalEvent | undefined {
    // Two steps, since nearly every key is new and the second is then not taken.
    const found = this.#sql.all<{ seq: number }>(
      `SELECT seq FROM used_keys WHERE hash = ?`,
      SendKeys.hash(userId, channelId, key),
    );
    for (const { seq } of found) {
      const event = readEvents(this.#sql, `WHERE seq = ?`, seq)[0];
      if (event?.userId === userId && event.channelId === channelId && event.clientId === key) return event;
    }
    return this.#holdsEarlier ? this.#findEarlier(userId, channelId, key) : undefined;
  }

  /** Forgets keys that led to events up to `seq`, but for those that are parked. */
  forgetThrough(seq: number): void {
    for (const table of this.#holdsEarlier ? ["used_keys", "sends"] : ["used_keys"]) {
      this.#sql.run(`DELETE FROM ${table} WHERE seq <= ? AND seq NOT IN (SELECT seq FROM parked)`, seq);
    }
  }

  /** Forgets the key that led to one event. */
  forget({ seq, userId, channelId, clientId }: Pick<JournalEvent, "seq" | "userId" | "channelId" | "clientId">): void {
    if (userId === null || clientId === null) return;
    const hash = SendKeys.hash(userId, channelId, clientId);
    this.#sql.run(`DELETE FROM used_keys WHERE hash = ? AND seq = ?`, hash, seq);
  }

  #findEarlier(userId: string, channelId: string, key: string): JournalEvent | undefined {
    const seq = this.#sql.all<{ seq: number }>(
      `SELECT seq FROM sends WHERE user_id = ? AND channel_id = ? AND key = ?`,
      userId,
      channelId,
      key,
    )[0]?.seq;
    return seq === undefined ? undefined : readEvents(this.#sql, `WHERE seq = ?`, seq)[0];
  }
}

import { COLUMNS, type JournalEvent, readEvents } from "./journal-rows.ts";
import { JournaledMessages } from "./journaled-messages.ts";
import { SendKeys } from "./send-keys.ts";
import type { HubRuntime, HubSql } from "./storage.ts";

export type NewEvent = Omit<JournalEvent, "seq" | "at">;

const APPEND = `INSERT INTO journal (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const APPEND_MESSAGE = `INSERT INTO new_messages (seq, channel_id, number, at, body, user_id, message_id, client_id)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

/**
 * The workspace's ordered, durable log in the object's SQLite: what was acknowledged, what a resume replays, and what
 * the archive still owes to Postgres. An event is durable when the output gate has let its answer leave.
 */
export class Journal {
  /** Its messages, by what they are. */
  readonly messages: JournaledMessages;
  /** Which idempotency keys of its messages were used. */
  readonly sendKeys: SendKeys;
  readonly #sql: HubSql;
  readonly #runtime: HubRuntime;
  #epoch: string;
  #head: number;
  #lastAt: number;
  #archived: number;
  #archivedStored: number;
  #trimmed: number;
  #floor: number;

  constructor(sql: HubSql, runtime: HubRuntime) {
    this.messages = new JournaledMessages(sql, this);
    this.sendKeys = new SendKeys(sql, this);
    this.#sql = sql;
    this.#runtime = runtime;
    const newest = sql.all<{ seq: number; at: number }>(`SELECT seq, at FROM journal ORDER BY seq DESC LIMIT 1`)[0];
    this.#head = newest?.seq ?? 0;
    this.#lastAt = newest?.at ?? 0;
    this.#archived = Number(this.#meta("archived") ?? 0);
    this.#archivedStored = this.#archived;
    this.#trimmed = Number(this.#meta("trimmed") ?? 0);
    this.#floor = Number(this.#meta("floor") ?? 0);
    this.#epoch = this.#meta("epoch") ?? this.renewEpoch();
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Seq of the newest event, 0 before the first. */
  get head(): number {
    return this.#head;
  }

  /** Everything up to this seq is in Postgres. May be behind the truth after a wake; archiving twice is harmless. */
  get archived(): number {
    return this.#archived;
  }

  /** Everything up to this seq has been trimmed (parked events aside): no resume can start below it. */
  get trimmed(): number {
    return this.#trimmed;
  }

  /** No resume can start below this seq: what is there was trimmed, or was changed afterwards. */
  get floor(): number {
    return Math.max(this.#trimmed, this.#floor);
  }

  /** Makes cursors below `seq` invalid; their holders get `resync`. */
  raiseFloor(seq: number): void {
    if (seq <= this.#floor) return;
    this.#floor = seq;
    this.#setMeta("floor", String(seq));
  }

  /** Makes every cursor issued so far invalid; their holders get `resync`. */
  renewEpoch(): string {
    const random = () => Math.floor(this.#runtime.random() * 36 ** 6).toString(36);
    this.#epoch = `${this.#runtime.now().toString(36)}${random()}`;
    this.#setMeta("epoch", this.#epoch);
    return this.#epoch;
  }

  /** Appends one event (one row). Call inside the transaction that changes what the event tells of. */
  append(event: NewEvent): JournalEvent {
    const { seq, at } = this.#nextPlace();
    this.#sql.run(
      APPEND,
      seq,
      event.type,
      event.channelId,
      at,
      event.body,
      event.userId,
      event.messageId,
      event.clientId,
      event.audience === undefined ? null : JSON.stringify(event.audience),
    );
    this.#head = seq;
    this.#lastAt = at;
    return { ...event, seq, at };
  }

  /**
   * Appends a new message, with its sender's idempotency key, and moves its channel's head. Two rows by one statement, so both of them or
   * none, without a transaction around it.
   *
   * @param number the message's seq in its channel
   */
  appendMessage(event: Omit<NewEvent, "type" | "audience"> & { messageId: string }, number: number): JournalEvent {
    const { seq, at } = this.#nextPlace();
    const { channelId, body, userId, messageId, clientId } = event;
    this.#sql.run(APPEND_MESSAGE, seq, channelId, number, at, body, userId, messageId, clientId);
    this.#head = seq;
    this.#lastAt = at;
    this.sendKeys.written({ seq, userId, channelId, clientId });
    return { ...event, type: "message.created", seq, at };
  }

  /**
   * Runs `work`, which appends, so that all of its writes stay or none; the counter follows.
   */
  transaction<Result>(work: () => Result): Result {
    const head = this.#head;
    try {
      return this.#sql.transaction(work);
    } catch (error) {
      this.#head = head;
      throw error;
    }
  }

  /** Events with `after < seq`, oldest first. */
  read(after: number, limit: number): JournalEvent[] {
    return readEvents(this.#sql, `WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit);
  }

  /** The events with these seqs that are still there, ascending. */
  readAt(seqs: readonly number[]): JournalEvent[] {
    if (seqs.length === 0) return [];
    return readEvents(this.#sql, `WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq`, JSON.stringify(seqs));
  }

  at(seq: number): JournalEvent | undefined {
    return readEvents(this.#sql, `WHERE seq = ?`, seq)[0];
  }

  /**
   * Events after `after` up to `through` in the given channels, and departures of the user itself from any channel,
   * oldest first. A channel's events count from the seq at which the user joined it; those with an audience of others
   * are left out.
   *
   * @param memberships channel id → journal seq of the join
   */
  readFor(userId: string, memberships: ReadonlyMap<string, number>, after: number, through: number, limit: number) {
    return readEvents(
      this.#sql,
      `JOIN json_each(?) AS mine ON mine.key = journal.channel_id
       WHERE journal.seq > ? AND journal.seq <= ? AND journal.seq >= mine.value
         AND (audience IS NULL OR user_id = ? OR instr(audience, ?) > 0)
       UNION ALL
       SELECT ${COLUMNS} FROM journal
       WHERE seq > ? AND seq <= ? AND type = 'member.left'
         AND EXISTS (SELECT 1 FROM json_each(journal.body, '$.user_ids') WHERE json_each.value = ?)
         AND channel_id NOT IN (SELECT key FROM json_each(?))
       ORDER BY seq LIMIT ?`,
      JSON.stringify(Object.fromEntries(memberships)),
      after,
      through,
      userId,
      JSON.stringify(userId),
      after,
      through,
      userId,
      JSON.stringify(Object.fromEntries(memberships)),
      limit,
    );
  }

  /** Moves the watermark in memory. It is stored by `storeWatermark`, since archiving again is harmless. */
  markArchived(seq: number): void {
    this.#archived = Math.max(this.#archived, seq);
  }

  /** Writes the watermark (one row) where it moved. */
  storeWatermark(): void {
    if (this.#archivedStored === this.#archived) return;
    this.#setMeta("archived", String(this.#archived));
    this.#archivedStored = this.#archived;
  }

  /** Keeps an event that Postgres refuses for good out of the archive's way. */
  park(seq: number, reason: string): void {
    this.#sql.run(
      `INSERT OR REPLACE INTO parked (seq, reason, at) VALUES (?, ?, ?)`,
      seq,
      reason.slice(0, 500),
      this.#runtime.now(),
    );
  }

  get parked(): number {
    return this.#sql.all<{ rows: number }>(`SELECT count(*) AS rows FROM parked`)[0]?.rows ?? 0;
  }

  /** Unix milliseconds of the oldest event that trimming may take: archived, not parked, not the head. */
  oldestTrimmable(): number | undefined {
    return this.#sql.all<{ at: number }>(
      `SELECT at FROM journal WHERE seq > ? AND seq <= ? AND seq < ? ORDER BY seq LIMIT 1`,
      this.#trimmed,
      this.#archived,
      this.#head,
    )[0]?.at;
  }

  /**
   * Removes events older than `before` (unix ms) that Postgres has, oldest first, and the idempotency keys that led to
   * them. The head stays, since it carries the counter.
   *
   * @param through seq up to which nobody needs the events any more
   * @returns how many events went, at most `limit`
   */
  trim(before: number, limit: number, through = Number.POSITIVE_INFINITY): number {
    const last = this.#sql.all<{ seq: number; rows: number }>(
      `SELECT max(seq) AS seq, count(*) AS rows FROM (
         SELECT seq FROM journal WHERE seq > ? AND seq <= ? AND seq < ? AND at < ? ORDER BY seq LIMIT ?)`,
      this.#trimmed,
      Math.min(this.#archived, through),
      this.#head,
      before,
      limit,
    )[0];
    if (!last?.rows) return 0;
    this.#sql.transaction(() => {
      this.#sql.run(`DELETE FROM journal WHERE seq <= ? AND seq NOT IN (SELECT seq FROM parked)`, last.seq);
      this.#setMeta("trimmed", String(last.seq));
    });
    this.#trimmed = last.seq;
    this.sendKeys.trimmed();
    return last.rows;
  }

  #nextPlace(): { seq: number; at: number } {
    // A clock that steps back must not: times rise with seqs.
    return { seq: this.#head + 1, at: Math.max(this.#lastAt, this.#runtime.now()) };
  }

  #meta(key: string): string | undefined {
    return this.#sql.all<{ value: string }>(`SELECT value FROM meta WHERE key = ?`, key)[0]?.value;
  }

  #setMeta(key: string, value: string): void {
    this.#sql.run(
      `INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      key,
      value,
    );
  }
}

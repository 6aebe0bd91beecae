import type { DurableType } from "../../src/protocol/frames-down.ts";
import type { ChangedMessage, Message } from "../../src/protocol/message.ts";
import type { HubRuntime, HubSql } from "./storage.ts";

/** One durable event. `body` is the JSON text of the frame's data without its cursor. */
export interface JournalEvent {
  seq: number;
  type: DurableType;
  channelId: string;
  /** Unix milliseconds. */
  at: number;
  body: string;
  /** Who caused it, where one user did. */
  userId: string | null;
  messageId: string | null;
  /** The sender's idempotency key. */
  clientId: string | null;
  /** The members who see the event besides its own user; undefined for all of them. */
  audience?: readonly string[] | undefined;
}

export type NewEvent = Omit<JournalEvent, "seq" | "at">;

interface JournalRow {
  seq: number;
  type: DurableType;
  channel_id: string;
  at: number;
  body: string;
  user_id: string | null;
  message_id: string | null;
  client_id: string | null;
  audience: string | null;
}

const COLUMNS = `seq, type, channel_id, at, body, user_id, message_id, client_id, audience`;
const APPEND = `INSERT INTO journal (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const OWN_COLUMNS = COLUMNS.replaceAll(/(\w+)/g, "journal.$1");

/**
 * The workspace's ordered, durable log in the object's SQLite: what was acknowledged, what a resume replays, and what
 * the archive still owes to Postgres. An event is durable when the output gate has let its answer leave.
 */
export class Journal {
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
    const seq = this.#head + 1;
    // A clock that steps back must not: times rise with seqs.
    const at = Math.max(this.#lastAt, this.#runtime.now());
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
    return this.#rows(`WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit);
  }

  at(seq: number): JournalEvent | undefined {
    return this.#rows(`WHERE seq = ?`, seq)[0];
  }

  /**
   * Events after `after` up to `through` in the given channels, and departures of the user itself from any channel,
   * oldest first. A channel's events count from the seq at which the user joined it; those with an audience of others
   * are left out.
   *
   * @param memberships channel id → journal seq of the join
   */
  readFor(userId: string, memberships: ReadonlyMap<string, number>, after: number, through: number, limit: number) {
    return this.#rows(
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

  /** Newest messages of a channel, newest first, from the whole journal. `before` is a message seq. */
  newestMessages(channelId: string, before: number, limit: number): JournalEvent[] {
    return this.#rows(
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
  blankMessage(tombstone: ChangedMessage): void {
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
      created ?? this.#trimmed,
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
  countMessagesSince(time: number): number {
    const [row] = this.#sql.all<{ rows: number }>(
      `SELECT count(*) AS rows FROM journal WHERE seq >= ? AND at >= ? AND type = 'message.created'`,
      this.#firstAt(time),
      time,
    );
    return row?.rows ?? 0;
  }

  /** The first seq whose event is not older than `time`, by bisection. */
  #firstAt(time: number): number {
    let [low, high] = [this.#trimmed + 1, this.#head + 1];
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

  /** The event for which the key was used, if it was. */
  findSend(userId: string, channelId: string, key: string): JournalEvent | undefined {
    // Two steps, since nearly every key is new and the second is then not taken.
    const seq = this.#sql.all<{ seq: number }>(
      `SELECT seq FROM sends WHERE user_id = ? AND channel_id = ? AND key = ?`,
      userId,
      channelId,
      key,
    )[0]?.seq;
    return seq === undefined ? undefined : this.at(seq);
  }

  recordSend(userId: string, channelId: string, key: string, seq: number): void {
    this.#sql.run(`INSERT INTO sends (user_id, channel_id, key, seq) VALUES (?, ?, ?, ?)`, userId, channelId, key, seq);
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
      this.#sql.run(`DELETE FROM sends WHERE seq <= ? AND seq NOT IN (SELECT seq FROM parked)`, last.seq);
      this.#sql.run(`DELETE FROM journal WHERE seq <= ? AND seq NOT IN (SELECT seq FROM parked)`, last.seq);
      this.#setMeta("trimmed", String(last.seq));
    });
    this.#trimmed = last.seq;
    return last.rows;
  }

  #rows(where: string, ...params: (string | number)[]): JournalEvent[] {
    const rows = this.#sql.all<JournalRow>(`SELECT ${OWN_COLUMNS} FROM journal ${where}`, ...params);
    return rows.map((row) => ({
      seq: row.seq,
      type: row.type,
      channelId: row.channel_id,
      at: row.at,
      body: row.body,
      userId: row.user_id,
      messageId: row.message_id,
      clientId: row.client_id,
      audience: row.audience === null ? undefined : (JSON.parse(row.audience) as string[]),
    }));
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

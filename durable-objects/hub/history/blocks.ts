import type { NeutralMessage } from "../../../src/domain/hub-ports.ts";
import type { HubSql } from "../storage.ts";
import { type HeldMessages, packed } from "./held-messages.ts";

/** Messages whose seqs divided by this have the same whole part are one block, which is one row. */
export const BLOCK_SEQS = 64;

/** Blocks that are kept, of about 40 KB each where messages are short. */
const MAX_BLOCKS = 4_000;
/** Characters of a block that is still kept; a row has a limit of 2 MB. */
const MAX_CHARS = 500_000;
/** Blocks that make room at once: finding the oldest ones looks at all. */
const EVICTED_AT_ONCE = 200;

/** A part of a channel as Postgres had it. */
export interface HeldBlock extends HeldMessages {
  /** Everything up to this seq is in it. */
  through: number;
  /** Unix milliseconds. */
  readAt: number;
}

/** The number of the block that a seq is in. */
export function blockOf(seq: number): number {
  return Math.floor(seq / BLOCK_SEQS);
}

/** Copies of parts of channels in the hub's SQLite. */
export class HistoryBlocks {
  readonly #sql: HubSql;
  #holdsAny: boolean;
  /** No fewer than there are; counted before the first copy that a life of the object makes, since counting looks at all. */
  #atMost: number | undefined;

  constructor(sql: HubSql) {
    this.#sql = sql;
    this.#holdsAny = sql.all(`SELECT 1 FROM history_blocks LIMIT 1`).length > 0;
  }

  find(channelId: string, block: number): HeldBlock | undefined {
    if (!this.#holdsAny) return undefined;
    return this.#sql.all<HeldBlock>(
      `SELECT through, read_at AS readAt, places, own, texts FROM history_blocks WHERE channel_id = ? AND block = ?`,
      channelId,
      block,
    )[0];
  }

  /** Writes one row, unless it is very large. Beyond the bound, those that were read longest ago make room. */
  put(channelId: string, block: number, held: { through: number; readAt: number; messages: NeutralMessage[] }): void {
    const { places, own, texts } = packed(held.messages);
    if (texts.length > MAX_CHARS) return;
    this.#makeRoom();
    this.#sql.run(
      `INSERT OR REPLACE INTO history_blocks (channel_id, block, depends, through, read_at, places, own, texts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      channelId,
      block,
      dependenciesOf(held.messages),
      held.through,
      held.readAt,
      places,
      own,
      texts,
    );
  }

  drop(channelId: string, block: number): void {
    this.#delete(`channel_id = ? AND block = ?`, channelId, block);
  }

  dropChannel(channelId: string): void {
    this.#delete(`channel_id = ?`, channelId);
  }

  /** Drops what quotes a message of the channel. Only later messages do. */
  dropQuoting(channelId: string, messageId: string, seq: number): void {
    this.#delete(`channel_id = ? AND block >= ? AND instr(depends, ?) > 0`, channelId, blockOf(seq), messageId);
  }

  /** Drops what shows a user by name. */
  dropNaming(userId: string): void {
    this.#delete(`instr(depends, ?) > 0`, userId);
  }

  clear(): void {
    this.#delete(`1`);
    this.#holdsAny = false;
    this.#atMost = 0;
  }

  /** Most hubs have no copies of what changes, many have none at all: then nothing is run. */
  #delete(where: string, ...params: (string | number)[]): void {
    if (this.#holdsAny) this.#sql.run(`DELETE FROM history_blocks WHERE ${where}`, ...params);
  }

  #makeRoom(): void {
    this.#atMost = (this.#atMost ?? this.#count()) + 1;
    this.#holdsAny = true;
    if (this.#atMost <= MAX_BLOCKS) return;
    if (this.#count() >= MAX_BLOCKS) {
      this.#delete(
        `read_at <= (SELECT read_at FROM history_blocks ORDER BY read_at LIMIT 1 OFFSET ?)`,
        EVICTED_AT_ONCE,
      );
    }
    this.#atMost = this.#count() + 1;
  }

  #count(): number {
    return this.#sql.all<{ blocks: number }>(`SELECT count(*) AS blocks FROM history_blocks`)[0]?.blocks ?? 0;
  }
}

/** Ids that what is shown depends on besides the messages themselves: users by name, and quoted messages. */
function dependenciesOf(messages: readonly NeutralMessage[]): string {
  const ids = new Set<string>();
  for (const { message } of messages) {
    if (message.user_id !== null) ids.add(message.user_id);
    if (message.quoted_message !== undefined) {
      ids.add(message.quoted_message.id);
      if (message.quoted_message.user_id !== null) ids.add(message.quoted_message.user_id);
    }
    for (const { id } of message.last_repliers) ids.add(id);
  }
  return [...ids].join(" ");
}

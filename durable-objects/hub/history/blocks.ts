import type { NeutralMessage } from "../../../src/domain/hub-ports.ts";
import type { HubSql } from "../storage.ts";
import { type HeldMessages, packed } from "./held-messages.ts";

/** Messages whose seqs divided by this have the same whole part are one block, which is one row. */
export const BLOCK_SEQS = 64;

/** Blocks that are kept, of about 40 KB each where messages are short. */
const MAX_BLOCKS = 4_000;
/** Bytes of a block that is still kept; a row has a limit of 2 MB. */
const MAX_BYTES = 500_000;
/** A row's id is of two parts, which are a safe integer together: the random end of the channel's id, and the block's number. */
const CHANNEL_DIGITS = 6;
const BLOCKS_PER_CHANNEL = 2 ** 28;

/** Blocks that make room at once: finding the oldest ones looks at all. */
const EVICTED_AT_ONCE = 200;
/** Blocks that stay in memory too: who has read a page soon reads the next one, and a row of this size takes SQLite a tenth of a millisecond. */
const IN_MEMORY = 24;

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
  /** Those that were used last, the last one at the end. */
  readonly #recent = new Map<string, HeldBlock>();
  #holdsAny: boolean;
  /** No fewer than there are; counted before the first copy that a life of the object makes, since counting looks at all. */
  #atMost: number | undefined;

  constructor(sql: HubSql) {
    this.#sql = sql;
    this.#holdsAny = sql.all(`SELECT 1 FROM history_blocks LIMIT 1`).length > 0;
  }

  find(channelId: string, block: number): HeldBlock | undefined {
    if (!this.#holdsAny) return undefined;
    const key = keyOf(channelId, block);
    const found = this.#recent.get(key) ?? this.#stored(channelId, block);
    if (found !== undefined) this.#remember(key, found);
    return found;
  }

  /** The newest of the blocks from one number to another that there are. */
  newestWithin(channelId: string, from: number, to: number): number | undefined {
    if (!this.#holdsAny) return undefined;
    const [row] = this.#sql.all<{ id: number | null }>(
      `SELECT max(id) AS id FROM history_blocks WHERE ${IN_CHANNEL}`,
      ...placesOf(channelId, from, to),
    );
    const id = row?.id ?? undefined;
    return id === undefined ? undefined : id % BLOCKS_PER_CHANNEL;
  }

  /**
   * Writes one row, unless it is very large. Beyond the bound, those that were read longest ago make room, and so does the block of
   * another channel whose id ends alike.
   */
  put(channelId: string, block: number, held: { through: number; readAt: number; messages: NeutralMessage[] }): void {
    const { places, own, texts } = packed(held.messages);
    if (texts.byteLength > MAX_BYTES) return;
    this.#makeRoom();
    this.#sql.run(
      `INSERT OR REPLACE INTO history_blocks (id, channel_id, depends, through, read_at, places, own, texts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      rowOf(channelId, block),
      channelId,
      dependenciesOf(held.messages),
      held.through,
      held.readAt,
      places,
      own,
      texts,
    );
    this.#remember(keyOf(channelId, block), { through: held.through, readAt: held.readAt, places, own, texts });
  }

  drop(channelId: string, block: number): void {
    if (!this.#holdsAny) return;
    this.#recent.delete(keyOf(channelId, block));
    this.#sql.run(`DELETE FROM history_blocks WHERE id = ? AND channel_id = ?`, rowOf(channelId, block), channelId);
  }

  dropChannel(channelId: string): void {
    this.#delete(IN_CHANNEL, ...placesOf(channelId, 0, BLOCKS_PER_CHANNEL - 1));
  }

  /** Drops what quotes a message of the channel. Only later messages do. */
  dropQuoting(channelId: string, messageId: string, seq: number): void {
    const places = placesOf(channelId, blockOf(seq), BLOCKS_PER_CHANNEL - 1);
    this.#delete(`${IN_CHANNEL} AND instr(depends, ?) > 0`, ...places, messageId);
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
    if (!this.#holdsAny) return;
    // What is left is read again; telling which ones went would be another definition of what goes.
    this.#recent.clear();
    this.#sql.run(`DELETE FROM history_blocks WHERE ${where}`, ...params);
  }

  #stored(channelId: string, block: number): HeldBlock | undefined {
    return this.#sql.all<HeldBlock>(
      `SELECT through, read_at AS readAt, places, own, texts FROM history_blocks WHERE id = ? AND channel_id = ?`,
      rowOf(channelId, block),
      channelId,
    )[0];
  }

  #remember(key: string, block: HeldBlock): void {
    this.#recent.delete(key);
    this.#recent.set(key, block);
    if (this.#recent.size <= IN_MEMORY) return;
    for (const oldest of this.#recent.keys()) {
      this.#recent.delete(oldest);
      break;
    }
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

/** Of rows: see `placesOf`. */
const IN_CHANNEL = "id BETWEEN ? AND ? AND channel_id = ?";

/** Where a channel's blocks from one number to another are. */
function placesOf(channelId: string, from: number, to: number): [first: number, last: number, channelId: string] {
  return [rowOf(channelId, from), rowOf(channelId, to), channelId];
}

function rowOf(channelId: string, block: number): number {
  return Number.parseInt(channelId.slice(-CHANNEL_DIGITS), 16) * BLOCKS_PER_CHANNEL + block;
}

function keyOf(channelId: string, block: number): string {
  return `${channelId} ${block}`;
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

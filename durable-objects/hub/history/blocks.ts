import type { NeutralMessage } from "../../../src/domain/hub-ports.ts";
import type { HubSql } from "../storage.ts";
import { packed } from "./held-messages.ts";
import { type BlockSelection, type HeldBlock, RecentBlocks } from "./recent-blocks.ts";

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
/** A block before it is packed. */
export interface NewBlock {
  through: number;
  readAt: number;
  messages: readonly NeutralMessage[];
  /** False where it is not worth a row. */
  isStored: boolean;
}

/** The number of the block that a seq is in. */
export function blockOf(seq: number): number {
  return Math.floor(seq / BLOCK_SEQS);
}

/**
 * Copies of parts of channels: in the hub's SQLite, those that were used last in memory as well (who has read a page soon reads the next
 * one, and a row of this size takes SQLite a tenth of a millisecond), and some in memory alone.
 */
export class HistoryBlocks {
  readonly #sql: HubSql;
  readonly #recent = new RecentBlocks();
  /** False where SQLite has none: most hubs have no copies of what changes, many have none at all, and then nothing is run. */
  #holdsAny: boolean;
  /** No fewer than there are; counted before the first copy that a life of the object makes, since counting looks at all. */
  #atMost: number | undefined;

  constructor(sql: HubSql) {
    this.#sql = sql;
    this.#holdsAny = sql.all(`SELECT 1 FROM history_blocks LIMIT 1`).length > 0;
  }

  find(channelId: string, block: number): HeldBlock | undefined {
    const recent = this.#recent.find(channelId, block);
    if (recent !== undefined || !this.#holdsAny) return recent;
    const stored = this.#stored(channelId, block);
    if (stored !== undefined) this.#recent.put(channelId, block, stored);
    return stored;
  }

  /** The newest of the blocks from one number to another that there are. */
  newestWithin(channelId: string, from: number, to: number): number | undefined {
    let recent = to;
    while (recent >= from && !this.#recent.has(channelId, recent)) recent--;
    return this.#newestStored(channelId, Math.max(from, recent + 1), to) ?? (recent >= from ? recent : undefined);
  }

  /**
   * Writes one row where it is to be stored, and nothing where it is very large. Beyond the bound, those that were read longest ago make
   * room, and so does the block of another channel whose id ends alike.
   */
  put(channelId: string, block: number, { through, readAt, messages, isStored }: NewBlock): void {
    const { places, own, texts } = packed(messages);
    if (texts.byteLength > MAX_BYTES) return;
    const depends = dependenciesOf(messages);
    this.#recent.put(channelId, block, { through, readAt, depends, places, own, texts });
    if (!isStored) return;
    this.#makeRoom();
    this.#sql.run(
      `INSERT OR REPLACE INTO history_blocks (id, channel_id, depends, through, read_at, places, own, texts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      rowOf(channelId, block),
      channelId,
      depends,
      through,
      readAt,
      places,
      own,
      texts,
    );
  }

  drop(channelId: string, block: number): void {
    this.#recent.drop(channelId, block);
    if (!this.#holdsAny) return;
    this.#sql.run(`DELETE FROM history_blocks WHERE id = ? AND channel_id = ?`, rowOf(channelId, block), channelId);
  }

  dropChannel(channelId: string): void {
    this.#dropAll({ channel: { id: channelId, from: 0 } });
  }

  /** Drops what quotes a message of the channel. Only later messages do. */
  dropQuoting(channelId: string, messageId: string, seq: number): void {
    this.#dropAll({ channel: { id: channelId, from: blockOf(seq) }, dependsOn: messageId });
  }

  /** Drops what shows a user by name. */
  dropNaming(userId: string): void {
    this.#dropAll({ dependsOn: userId });
  }

  clear(): void {
    this.#dropAll({});
    this.#holdsAny = false;
    this.#atMost = 0;
  }

  #dropAll(selection: BlockSelection): void {
    this.#recent.dropAll(selection);
    if (!this.#holdsAny) return;
    const { channel, dependsOn } = selection;
    const where = [channel && IN_CHANNEL, dependsOn !== undefined && `instr(depends, ?) > 0`].filter(Boolean);
    this.#sql.run(
      `DELETE FROM history_blocks WHERE ${where.join(" AND ") || "1"}`,
      ...(channel === undefined ? [] : placesOf(channel.id, channel.from, BLOCKS_PER_CHANNEL - 1)),
      ...(dependsOn === undefined ? [] : [dependsOn]),
    );
  }

  #stored(channelId: string, block: number): HeldBlock | undefined {
    return this.#sql.all<HeldBlock>(
      `SELECT depends, through, read_at AS readAt, places, own, texts FROM history_blocks WHERE id = ? AND channel_id = ?`,
      rowOf(channelId, block),
      channelId,
    )[0];
  }

  #newestStored(channelId: string, from: number, to: number): number | undefined {
    if (!this.#holdsAny || from > to) return undefined;
    const [row] = this.#sql.all<{ id: number | null }>(
      `SELECT max(id) AS id FROM history_blocks WHERE ${IN_CHANNEL}`,
      ...placesOf(channelId, from, to),
    );
    const id = row?.id ?? undefined;
    return id === undefined ? undefined : id % BLOCKS_PER_CHANNEL;
  }

  #makeRoom(): void {
    this.#atMost = (this.#atMost ?? this.#count()) + 1;
    this.#holdsAny = true;
    if (this.#atMost <= MAX_BLOCKS) return;
    if (this.#count() >= MAX_BLOCKS) {
      this.#sql.run(
        `DELETE FROM history_blocks WHERE read_at <= (SELECT read_at FROM history_blocks ORDER BY read_at LIMIT 1 OFFSET ?)`,
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

/** See `HeldBlock.depends`. */
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

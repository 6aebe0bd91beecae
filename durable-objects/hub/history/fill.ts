import type { HistorySource } from "../../../src/domain/hub-ports.ts";
import type { Journal } from "../journal.ts";
import type { HubRuntime } from "../storage.ts";
import { BLOCK_SEQS, blockOf, type HistoryBlocks } from "./blocks.ts";
import { ReadAhead } from "./read-ahead.ts";

/** More readers than these at once read Postgres themselves: taking up a copy holds up the hub by some milliseconds. */
const READS_AT_ONCE = 16;
/** Blocks that one statement reads of the newest ones: a page takes two at most mostly. */
const NEWEST_BLOCKS = 2;
/** And of those that are in memory alone: whoever reads back goes on with the ones before, and nobody else has a use for them. */
const FAR_BLOCKS = 4;
/**
 * Blocks of a channel that are written down, counted from its newest one: twice as many are kept of all channels together. Who reads further
 * back is mostly the only one, and goes on reading; a row would be gone before anybody else comes by.
 */
const STORED_BLOCKS_PER_CHANNEL = 2_000;
/** Channels that changed, of which is remembered. */
const REMEMBERED = 10_000;

/** A block that a reader misses. */
export interface MissedBlock {
  channelId: string;
  number: number;
  /** The one that the channel's newest message is in. */
  newest: number;
  /** True where the reader asks for the newest page. */
  isNewestPage: boolean;
}

export interface HistoryFillParts {
  blocks: HistoryBlocks;
  runtime: HubRuntime;
  journal: Journal;
  source: HistorySource;
  /** As few as a test needs. */
  storedBlocksPerChannel?: number | undefined;
}

/**
 * Copies blocks of channels from Postgres: only where Postgres has all that happened to the channel, and nothing happens to it
 * meanwhile but new messages.
 */
export class HistoryFill {
  readonly #parts: HistoryFillParts;
  /** Block → the read that it is in. */
  readonly #running = new Map<string, Promise<void>>();
  readonly #ahead = new ReadAhead();
  #reads = 0;
  /** Channel → journal seq of the newest event that was more than a new message. */
  readonly #changed = new Map<string, number>();
  /** The same for channels that are not in the map, which an earlier life of the object may have changed. */
  #changedBefore: number;
  #lives = 0;

  constructor(parts: HistoryFillParts) {
    this.#parts = parts;
    this.#changedBefore = parts.journal.head;
  }

  /**
   * A reader misses a block, which is copied with those before it that are not there either. Returns what ends when there are copies, or
   * could not be; undefined where none are made.
   */
  wanted(missed: MissedBlock): Promise<void> | undefined {
    const { channelId, number } = missed;
    const running = this.#running.get(keyOf(channelId, number));
    if (running !== undefined) return running;
    if (this.#reads >= READS_AT_ONCE || !this.isArchived(channelId)) return undefined;
    const grows = this.#grows(missed);
    const most = grows ? this.#ahead.blocksFor(channelId, this.#parts.runtime.now()) : fixedBlocks(missed);
    const blocks = this.#missingDownFrom(channelId, number, most);
    this.#reads++;
    const copy = this.#copy(channelId, blocks, missed.newest)
      .then((bytes) => {
        if (grows) this.#ahead.ended(channelId, most, bytes, this.#parts.runtime.now());
      })
      .catch((error: unknown) => {
        this.#parts.runtime.log("warn", "history.copy_failed", { channel_id: channelId, error: String(error) });
      })
      .finally(() => {
        this.#reads--;
        for (const number of blocks) this.#running.delete(keyOf(channelId, number));
      });
    for (const number of blocks) this.#running.set(keyOf(channelId, number), copy);
    return copy;
  }

  /** Something happened to a channel's messages: what Postgres had before is not what it will have. */
  changed(channelId: string, place: number): void {
    const { journal } = this.#parts;
    this.#changed.delete(channelId);
    this.#changed.set(channelId, place);
    if (this.#changed.size <= REMEMBERED) return;
    this.#changed.clear();
    this.#changedBefore = journal.head;
  }

  /** What is being read now is not kept. */
  abandon(): void {
    this.#lives++;
  }

  /** True of what many may read back in, where more is read at once when misses follow one another. */
  #grows({ number, newest, isNewestPage }: MissedBlock): boolean {
    return !isNewestPage && this.#isStored(number, newest);
  }

  #isStored(number: number, newest: number): boolean {
    return newest - number < (this.#parts.storedBlocksPerChannel ?? STORED_BLOCKS_PER_CHANNEL);
  }

  /** The block, and those right before it that are neither there nor being read. */
  #missingDownFrom(channelId: string, block: number, most: number): number[] {
    const lowest = Math.max(0, block - most + 1);
    const held = this.#parts.blocks.newestWithin(channelId, lowest, block - 1) ?? lowest - 1;
    const blocks = [block];
    for (let number = block - 1; number > held && !this.#running.has(keyOf(channelId, number)); number--) {
      blocks.push(number);
    }
    return blocks;
  }

  /**
   * @param numbers one after another, the newest first
   * @param last the block that the channel's newest message is in
   * @returns bytes of each copy
   */
  async #copy(channelId: string, numbers: number[], last: number): Promise<number[]> {
    const { blocks, runtime, source } = this.#parts;
    const [newest = 0, oldest = newest] = [numbers[0], numbers.at(-1)];
    const [changed, lives, readAt] = [this.#changedAt(channelId), this.#lives, runtime.now()];
    const found = await source.read(channelId, oldest * BLOCK_SEQS, (newest + 1) * BLOCK_SEQS);
    if (found === undefined || this.#changedAt(channelId) !== changed || this.#lives !== lives) return [];
    const bytes: number[] = [];
    for (const number of numbers) {
      const first = number * BLOCK_SEQS;
      const messages = found.messages.filter(({ message }) => blockOf(message.seq) === number);
      // What is being written has its text elsewhere until it has ended.
      if (found.lastSeq < first || messages.some(({ message }) => message.streaming)) continue;
      const through = Math.min(found.lastSeq, first + BLOCK_SEQS - 1);
      const isStored = this.#isStored(number, last);
      bytes.push(blocks.put(channelId, number, { through, readAt, messages, isStored }));
    }
    return bytes;
  }

  /** True where Postgres has all that happened to a channel's messages; it may lack new ones. */
  isArchived(channelId: string): boolean {
    return this.#parts.journal.archived >= this.#changedAt(channelId);
  }

  #changedAt(channelId: string): number {
    return this.#changed.get(channelId) ?? this.#changedBefore;
  }
}

function fixedBlocks({ isNewestPage }: MissedBlock): number {
  return isNewestPage ? NEWEST_BLOCKS : FAR_BLOCKS;
}

function keyOf(channelId: string, block: number): string {
  return `${channelId} ${block}`;
}

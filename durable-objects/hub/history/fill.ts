import type { HistorySource } from "../../../src/domain/hub-ports.ts";
import type { Journal } from "../journal.ts";
import type { HubRuntime } from "../storage.ts";
import { BLOCK_SEQS, type HistoryBlocks } from "./blocks.ts";

const READS_AT_ONCE = 4;
/** Blocks that were missed once, and channels that changed, of which is remembered. */
const REMEMBERED = 10_000;

export interface HistoryFillParts {
  blocks: HistoryBlocks;
  runtime: HubRuntime;
  journal: Journal;
  source: HistorySource;
}

/**
 * Copies blocks of channels from Postgres: only where Postgres has all that happened to the channel, and nothing happens to it
 * meanwhile but new messages.
 */
export class HistoryFill {
  readonly #parts: HistoryFillParts;
  readonly #missed = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
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
   * A reader misses a block. Old ones are copied when they are missed again: most pages far back are read once, and a copy costs a row.
   * Returns what ends when there is a copy, or could not be one; undefined where none is made.
   */
  wanted(channelId: string, block: number, isNewest: boolean): Promise<void> | undefined {
    const key = `${channelId} ${block}`;
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    if (!isNewest && !this.#missed.has(key)) {
      if (this.#missed.size >= REMEMBERED) this.#missed.clear();
      this.#missed.add(key);
      return undefined;
    }
    if (this.#running.size >= READS_AT_ONCE || !this.isArchived(channelId)) return undefined;
    this.#missed.delete(key);
    const copy = this.#copy(channelId, block)
      .catch((error: unknown) => {
        this.#parts.runtime.log("warn", "history.copy_failed", { channel_id: channelId, error: String(error) });
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, copy);
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

  async #copy(channelId: string, block: number): Promise<void> {
    const { blocks, runtime, source } = this.#parts;
    const first = block * BLOCK_SEQS;
    const [changed, lives, readAt] = [this.#changedAt(channelId), this.#lives, runtime.now()];
    const found = await source.read(channelId, first, first + BLOCK_SEQS);
    if (found === undefined || found.lastSeq < first) return;
    if (this.#changedAt(channelId) !== changed || this.#lives !== lives) return;
    // Its text is elsewhere until it has ended.
    if (found.messages.some(({ message }) => message.streaming)) return;
    const through = Math.min(found.lastSeq, first + BLOCK_SEQS - 1);
    blocks.put(channelId, block, { through, readAt, messages: found.messages });
  }

  /** True where Postgres has all that happened to a channel's messages; it may lack new ones. */
  isArchived(channelId: string): boolean {
    return this.#parts.journal.archived >= this.#changedAt(channelId);
  }

  #changedAt(channelId: string): number {
    return this.#changed.get(channelId) ?? this.#changedBefore;
  }
}

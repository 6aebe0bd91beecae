import type { PackedMessages } from "./held-messages.ts";

/**
 * Of all together. A reader who goes far back has four whole blocks of some 40 KB in use, for a tenth of a second or more where many read, and
 * what is known of a block without its texts is about 1 KB.
 */
const MAX_BYTES = 12_000_000;
/** A number in an array, and what there is of a block besides its parts. */
const BYTES_OF_NUMBER = 4;
const BYTES_OF_BLOCK = 300;

/** A part of a channel as Postgres had it: where its messages are, and mostly their texts. */
export interface KnownBlock extends Omit<PackedMessages, "texts"> {
  /** Everything up to this seq is in it. */
  through: number;
  /** Unix milliseconds. */
  readAt: number;
  /** Undefined where the block's row has them, and memory has not. */
  texts: ArrayBuffer | undefined;
  /**
   * Ids that what is shown depends on besides the messages themselves, with spaces between: users by name, and quoted messages. Undefined
   * where the block's row says so alone: then it may be any.
   */
  depends: string | undefined;
}

/** A block's place: its row's id, and the channel, as ids of two channels may end alike. */
export interface BlockPlace {
  row: number;
  channelId: string;
}

/** All blocks, or those of a channel from a row on, or those that depend on an id. */
export interface BlockSelection {
  from?: BlockPlace;
  dependsOn?: string;
}

/** What is known of blocks in memory: of those that were used last, as many as there is room for. */
export class KnownBlocks {
  /** By row; the one that was used last is the last one. */
  readonly #blocks = new Map<number, { channelId: string; block: KnownBlock }>();
  #bytes = 0;

  has({ row, channelId }: BlockPlace): boolean {
    return this.#blocks.get(row)?.channelId === channelId;
  }

  find({ row, channelId }: BlockPlace): KnownBlock | undefined {
    const found = this.#blocks.get(row);
    if (found?.channelId !== channelId) return undefined;
    this.#blocks.delete(row);
    this.#blocks.set(row, found);
    return found.block;
  }

  put({ row, channelId }: BlockPlace, block: KnownBlock): void {
    this.drop(row);
    this.#blocks.set(row, { channelId, block });
    this.#bytes += bytesOf(block);
    for (const oldest of this.#blocks.keys()) {
      if (this.#bytes <= MAX_BYTES) break;
      this.drop(oldest);
    }
  }

  drop(row: number): void {
    const dropped = this.#blocks.get(row);
    if (dropped === undefined) return;
    this.#blocks.delete(row);
    this.#bytes -= bytesOf(dropped.block);
  }

  dropAll({ from, dependsOn }: BlockSelection): void {
    for (const [row, { channelId, block }] of this.#blocks) {
      if (from !== undefined && (channelId !== from.channelId || row < from.row)) continue;
      if (dependsOn === undefined || (block.depends?.includes(dependsOn) ?? true)) this.drop(row);
    }
  }
}

function bytesOf({ seqs, ends, own, texts, depends }: KnownBlock): number {
  const strings = own.length + (depends?.length ?? 0);
  return BYTES_OF_BLOCK + (seqs.length + ends.length) * BYTES_OF_NUMBER + strings + (texts?.byteLength ?? 0);
}

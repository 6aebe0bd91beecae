import type { HeldMessages } from "./held-messages.ts";

/** Of all blocks together. A reader who goes back has four of some 40 KB in use, so this is for some twenty such readers at a time. */
const MAX_BYTES = 4_000_000;

/** A part of a channel as Postgres had it. */
export interface HeldBlock extends HeldMessages {
  /** Everything up to this seq is in it. */
  through: number;
  /** Unix milliseconds. */
  readAt: number;
  /** Ids that what is shown depends on besides the messages themselves, with spaces between: users by name, and quoted messages. */
  depends: string;
}

/** All blocks, or those of a channel, from a number on, or those that depend on an id. */
export interface BlockSelection {
  channel?: { id: string; from: number };
  dependsOn?: string;
}

/** Blocks in memory: those that were used last, as many as there is room for. */
export class RecentBlocks {
  /** The one that was used last is the last one. */
  readonly #blocks = new Map<string, { channelId: string; number: number; block: HeldBlock }>();
  #bytes = 0;

  has(channelId: string, number: number): boolean {
    return this.#blocks.has(keyOf(channelId, number));
  }

  find(channelId: string, number: number): HeldBlock | undefined {
    const key = keyOf(channelId, number);
    const found = this.#blocks.get(key);
    if (found === undefined) return undefined;
    this.#blocks.delete(key);
    this.#blocks.set(key, found);
    return found.block;
  }

  put(channelId: string, number: number, block: HeldBlock): void {
    this.drop(channelId, number);
    this.#blocks.set(keyOf(channelId, number), { channelId, number, block });
    this.#bytes += bytesOf(block);
    for (const { channelId: id, number: oldest } of this.#blocks.values()) {
      if (this.#bytes <= MAX_BYTES) break;
      this.drop(id, oldest);
    }
  }

  drop(channelId: string, number: number): void {
    const key = keyOf(channelId, number);
    const dropped = this.#blocks.get(key);
    if (dropped === undefined) return;
    this.#blocks.delete(key);
    this.#bytes -= bytesOf(dropped.block);
  }

  dropAll({ channel, dependsOn }: BlockSelection): void {
    for (const { channelId, number, block } of this.#blocks.values()) {
      if (channel !== undefined && (channelId !== channel.id || number < channel.from)) continue;
      if (dependsOn === undefined || block.depends.includes(dependsOn)) this.drop(channelId, number);
    }
  }
}

function keyOf(channelId: string, number: number): string {
  return `${channelId} ${number}`;
}

function bytesOf({ texts, places, own, depends }: HeldBlock): number {
  return texts.byteLength + places.length + own.length + depends.length;
}

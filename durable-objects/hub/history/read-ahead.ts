/** A reader alone waits for these: as many as a few pages back take. */
const FIRST_BLOCKS = 4;
/** Some 1,000 messages, which take Postgres and the hub a few milliseconds each. */
const MOST_BLOCKS = 16;
/** Of all blocks of a read, by the size of those that were read last; a first read takes its blocks whatever their size. */
const MOST_BYTES = 1_000_000;
/** A miss within this of the end of a read follows it. */
const FOLLOWS_MS = 1_000;
/** Channels whose last read is remembered. */
const REMEMBERED = 1_000;

/**
 * How many blocks of a channel one statement reads: few at first, so that who jumps somewhere does not wait for much that nobody may ask for,
 * and twice as many when the last ones were soon followed by another miss, as many readers or a fast one make them.
 *
 * (The method is that of file systems: Wu, Xi and Xu, "On the design of a new Linux readahead framework", SIGOPS 2008.)
 */
export class ReadAhead {
  /** Channel → how many the next read takes, if it follows. */
  readonly #next = new Map<string, { blocks: number; endedAt: number }>();

  /** @param now unix milliseconds */
  blocksFor(channelId: string, now: number): number {
    const next = this.#next.get(channelId);
    return next === undefined || now - next.endedAt > FOLLOWS_MS ? FIRST_BLOCKS : next.blocks;
  }

  /**
   * A read has ended.
   * @param asked blocks that it could take
   * @param found bytes of each block that it took
   */
  ended(channelId: string, asked: number, found: readonly number[], now: number): void {
    const bytes = found.reduce((sum, one) => sum + one, 0);
    const room = bytes === 0 ? MOST_BLOCKS : Math.floor((MOST_BYTES * found.length) / bytes);
    const blocks = Math.max(FIRST_BLOCKS, Math.min(2 * asked, MOST_BLOCKS, room));
    if (this.#next.size >= REMEMBERED) this.#next.clear();
    this.#next.set(channelId, { blocks, endedAt: now });
  }
}

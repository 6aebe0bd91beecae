/** Newest messages of a channel that are remembered; more than the largest page has. */
const MESSAGES = 160;
/** Messages that go at once when there are more. */
const FORGOTTEN_AT_ONCE = 32;
/** Channels; with all their messages they take about 6 MB. */
const CHANNELS = 5_000;

/** A run of a channel's newest messages: `places[i]` is the journal seq of the message with seq `from + i`. */
interface Tail {
  from: number;
  places: number[];
}

/**
 * Which journal events are the newest messages of a channel, as far as nothing has changed them since. In memory: after a wake, readers
 * get newest messages from Postgres until new ones come.
 */
export class HistoryTails {
  /** The channel that was written to last comes last. */
  readonly #tails = new Map<string, Tail>();

  /** Journal seqs of the messages with `low <= seq <= high`, ascending; undefined where one is not remembered. */
  placesOf(channelId: string, low: number, high: number): number[] | undefined {
    const tail = this.#tails.get(channelId);
    if (tail === undefined || low < tail.from || high >= tail.from + tail.places.length) return undefined;
    return tail.places.slice(low - tail.from, high - tail.from + 1);
  }

  /** Forgets a channel's messages where this one is among them. */
  dropWith(channelId: string, seq: number): void {
    const tail = this.#tails.get(channelId);
    if (tail !== undefined && seq >= tail.from) this.drop(channelId);
  }

  add(channelId: string, seq: number, place: number): void {
    const known = this.#tails.get(channelId);
    const follows = known !== undefined && known.from + known.places.length === seq;
    const tail = follows ? known : { from: seq, places: [] };
    tail.places.push(place);
    if (tail.places.length > MESSAGES) {
      tail.places.splice(0, FORGOTTEN_AT_ONCE);
      tail.from += FORGOTTEN_AT_ONCE;
    }
    this.#tails.delete(channelId);
    this.#tails.set(channelId, tail);
    if (this.#tails.size <= CHANNELS) return;
    for (const oldest of this.#tails.keys()) {
      this.#tails.delete(oldest);
      break;
    }
  }

  drop(channelId: string): void {
    this.#tails.delete(channelId);
  }

  clear(): void {
    this.#tails.clear();
  }
}

import { LIMITS } from "../protocol/limits.ts";
import type { Message } from "../protocol/message.ts";
import { backoffDelay } from "./backoff.ts";
import type { Rest } from "./rest.ts";
import { Sequence } from "./sequence.ts";
import type { Timings } from "./timings.ts";

export interface MessagesHandlers {
  /** One message: each once, and in order of `seq` within its channel. */
  message(message: Message): void;
  /** Some messages of a channel could not be read: the application reads its history anew. */
  lost(channelId: string): void;
}

/** Pages of history read to close one hole; beyond them the application reloads the channel. */
const MAX_PAGES = 4;
const MAX_TRIES = 4;

interface Track {
  sequence: Sequence<Message>;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** The message stream of all channels: in order, without repeats, and with holes closed from history. */
export class Messages {
  readonly #rest: Pick<Rest, "history">;
  readonly #handlers: MessagesHandlers;
  readonly #timings: Timings;
  readonly #tracks = new Map<string, Track>();

  constructor(rest: Pick<Rest, "history">, handlers: MessagesHandlers, timings: Timings) {
    this.#rest = rest;
    this.#handlers = handlers;
    this.#timings = timings;
  }

  /** A message from the socket: an event, or the answer to a send. */
  take(message: Message): void {
    const track = this.#track(message.channel_id);
    this.#deliver(track.sequence.take(message));
    this.#watch(message.channel_id, track);
  }

  /** The application holds everything of the channel up to `seq`. */
  known(channelId: string, seq: number): void {
    const track = this.#track(channelId);
    this.#deliver(track.sequence.advance(seq));
    this.#watch(channelId, track);
  }

  /**
   * The newest messages were read, newest first. Those that did not come yet come now where they join what came, so that
   * whoever listens misses nothing by somebody else's reading.
   */
  learn(messages: Message[]): void {
    const [newest, oldest] = [messages[0], messages.at(-1)];
    if (!newest || !oldest) return;
    const { sequence } = this.#track(newest.channel_id);
    const { last } = sequence;
    const news = last !== undefined && oldest.seq <= last + 1 ? messages.filter(({ seq }) => seq > last) : [];
    for (const message of news.reverse()) {
      // A blocked author's message is not in history: its number is passed over.
      this.#deliver(sequence.advance(message.seq - 1));
      this.#deliver(sequence.take(message));
    }
    this.known(newest.channel_id, newest.seq);
  }

  /** As `known`, for a channel of which nothing came yet. */
  begin(channelId: string, seq: number): void {
    if (this.#track(channelId).sequence.last === undefined) this.known(channelId, seq);
  }

  /** Forgets what was seen: the application reads its state anew. */
  reset(): void {
    for (const track of this.#tracks.values()) {
      clearTimeout(track.timer);
      track.timer = undefined;
      track.sequence.reset();
    }
  }

  #track(channelId: string): Track {
    const track = this.#tracks.get(channelId) ?? { sequence: new Sequence<Message>(), timer: undefined };
    this.#tracks.set(channelId, track);
    return track;
  }

  #deliver(messages: Message[]): void {
    for (const message of messages) this.#handlers.message(message);
  }

  #watch(channelId: string, track: Track): void {
    if (!track.sequence.hasHole) {
      clearTimeout(track.timer);
      track.timer = undefined;
    } else if (track.timer === undefined) {
      // An answer may overtake the events before it, so a hole mostly closes by itself.
      track.timer = setTimeout(() => void this.#close(channelId, track, 1), this.#timings.holeGrace);
    }
  }

  async #close(channelId: string, track: Track, tries: number): Promise<void> {
    const timer = track.timer;
    const from = track.sequence.last ?? 0;
    let found: { messages: Message[]; complete: boolean } | undefined;
    try {
      found = await this.#readBackTo(channelId, from);
    } catch {
      if (track.timer === timer && tries < MAX_TRIES) {
        const delay = backoffDelay(tries, this.#timings.backoffBase, this.#timings.backoffMax);
        track.timer = setTimeout(() => void this.#close(channelId, track, tries + 1), delay);
        return;
      }
    }
    // Closed by itself, or reset, while history was being read.
    if (track.timer !== timer) return;
    track.timer = undefined;
    for (const message of found?.messages ?? []) this.#deliver(track.sequence.take(message));
    // What history does not show (a blocked sender's message) leaves a hole for good: go on behind it.
    this.#deliver(track.sequence.flush());
    if (!found?.complete) this.#handlers.lost(channelId);
  }

  /** Messages after `seq`, oldest first; `complete` tells whether the pages reached it. */
  async #readBackTo(channelId: string, seq: number): Promise<{ messages: Message[]; complete: boolean }> {
    const messages: Message[] = [];
    let before: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const history = await this.#rest.history(channelId, { limit: LIMITS.pageMax, before });
      messages.push(...history.messages.filter((message) => message.seq > seq));
      const oldest = history.messages.at(-1);
      before = history.next_cursor ?? undefined;
      if (!oldest || oldest.seq <= seq + 1 || !history.has_more || !before) {
        return { messages: messages.reverse(), complete: true };
      }
    }
    return { messages: messages.reverse(), complete: false };
  }
}

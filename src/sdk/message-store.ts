import type { Message } from "../protocol/message.ts";
import { afterChange, type Change } from "./changes.ts";
import { type Place, placeOf, stampOf } from "./place.ts";

/** Events kept for messages that come after them: a page that was read meanwhile, a message held behind a hole. */
const KEPT = 1_000;

/**
 * Messages of one channel as they are now. Pages and events come by different ways, so each event is applied to those
 * messages that are of a moment before it, and to those that come later, once. Makes no calls.
 */
export class MessageStore {
  readonly #me: () => string | undefined;
  readonly #byId = new Map<string, Message>();
  /** By place in the journal. */
  readonly #changes = new Map<number, Change>();
  readonly #asOf = new Map<string, number>();
  #epoch = "";
  #sorted: Message[] | undefined;

  constructor(me: () => string | undefined) {
    this.#me = me;
  }

  /** By `seq`. */
  get all(): Message[] {
    this.#sorted ??= [...this.#byId.values()].sort((one, two) => one.seq - two.seq);
    return this.#sorted;
  }

  get(id: string): Message | undefined {
    return this.#byId.get(id);
  }

  /** Takes a message, with what happened to it since. */
  put(message: Message): void {
    const asOf = this.#within(stampOf(message));
    this.#asOf.set(message.id, asOf);
    let current = message;
    const missed = [...this.#changes].filter(([seq]) => seq > asOf).sort(([one], [two]) => one - two);
    for (const [, change] of missed) current = afterChange(current, change, this.#me());
    this.#set(current);
  }

  clear(): void {
    this.#byId.clear();
    this.#asOf.clear();
    this.#sorted = undefined;
  }

  /** Nothing where the message is not here. */
  update(id: string, change: (message: Message) => Message): void {
    const known = this.#byId.get(id);
    if (known) this.#set(change(known));
  }

  /** Applies an event. One that comes a second time changes nothing. */
  apply(change: Change): void {
    const place = placeOf(change.data.cursor);
    const seq = place ? this.#within(place) : Number.POSITIVE_INFINITY;
    if (this.#changes.has(seq)) return;
    if (place) this.#changes.set(seq, change);
    for (const first of this.#changes.keys()) if (this.#changes.size > KEPT) this.#changes.delete(first);
    for (const message of this.all) {
      if ((this.#asOf.get(message.id) ?? 0) >= seq) continue;
      const changed = afterChange(message, change, this.#me());
      if (changed !== message) this.#set(changed);
    }
  }

  /** The number of a place; of another journal nothing that is known here counts any more. */
  #within(place: Place | undefined): number {
    if (!place) return 0;
    if (place.epoch !== this.#epoch) {
      this.#epoch = place.epoch;
      this.#changes.clear();
      this.#asOf.clear();
    }
    return place.seq;
  }

  #set(message: Message): void {
    this.#byId.set(message.id, message);
    this.#sorted = undefined;
  }
}

import type { ChangedMessage, Message } from "../protocol/message.ts";
import { lay } from "./changes.ts";
import type { Channel } from "./channel.ts";
import { Emitter, type Unsubscribe } from "./emitter.ts";

/** A channel's pinned messages, kept as they are now. Call `load()` at first and after a discontinuity. */
export class Pins {
  readonly events = new Emitter<{ change: undefined }>();
  readonly #channel: Channel;
  readonly #byId = new Map<string, Message>();
  readonly #subscriptions: Unsubscribe[];
  /** What came while a page was read, which may not show it. */
  #meanwhile: ChangedMessage[] | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
    const take = ({ message }: { message: ChangedMessage }) => this.#take(message);
    const types = ["message.pinned", "message.unpinned", "message.updated", "message.deleted"] as const;
    this.#subscriptions = types.map((type) => channel.on(type, take));
  }

  /** Last pinned first. */
  get all(): Message[] {
    const pinned = [...this.#byId.values()].filter((message) => message.pinned_at !== null);
    return pinned.sort((one, two) => Date.parse(two.pinned_at ?? "") - Date.parse(one.pinned_at ?? ""));
  }

  /** Reads the newest page of pins. @throws {KabarError} */
  async load(): Promise<void> {
    const meanwhile: ChangedMessage[] = [];
    this.#meanwhile = meanwhile;
    const { messages } = await this.#channel.pins();
    this.#byId.clear();
    for (const message of messages) this.#byId.set(message.id, message);
    for (const message of meanwhile) this.#put(message);
    if (this.#meanwhile === meanwhile) this.#meanwhile = undefined;
    this.events.emit("change", undefined);
  }

  close(): void {
    for (const stop of this.#subscriptions) stop();
  }

  #take(message: ChangedMessage): void {
    this.#meanwhile?.push(message);
    if (!this.#byId.has(message.id) && message.pinned_at === null) return;
    this.#put(message);
    this.events.emit("change", undefined);
  }

  #put(message: ChangedMessage): void {
    const known = this.#byId.get(message.id);
    const blank = { reactions: [], reply_count: 0, last_repliers: [] };
    this.#byId.set(message.id, known ? lay(known, message) : { ...message, ...blank });
  }
}

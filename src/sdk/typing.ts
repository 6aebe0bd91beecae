import type { DataOf } from "./wire.ts";

/** Who types in a channel now. */
export interface TypingChange {
  channel_id: string;
  channel_external_id: string | null;
  user_ids: string[];
}

/** Outgoing signals: `start` at most once per interval and channel, however often keys are pressed. */
export class TypingOut {
  readonly #send: (type: "typing.start" | "typing.stop", channelId: string) => void;
  readonly #everyMs: number;
  readonly #startedAt = new Map<string, number>();

  constructor(send: (type: "typing.start" | "typing.stop", channelId: string) => void, everyMs: number) {
    this.#send = send;
    this.#everyMs = everyMs;
  }

  start(channelId: string): void {
    const now = Date.now();
    if (now - (this.#startedAt.get(channelId) ?? Number.NEGATIVE_INFINITY) < this.#everyMs) return;
    this.#startedAt.set(channelId, now);
    this.#send("typing.start", channelId);
  }

  /** Only where a start was sent. */
  stop(channelId: string): void {
    if (this.#startedAt.delete(channelId)) this.#send("typing.stop", channelId);
  }
}

/** Incoming signals: each ends by a stop, by the user's message, or by itself when it is not renewed. */
export class TypingIn {
  readonly #changed: (change: TypingChange) => void;
  readonly #expiryMs: number;
  readonly #channels = new Map<string, Map<string, ReturnType<typeof setTimeout>>>();

  constructor(changed: (change: TypingChange) => void, expiryMs: number) {
    this.#changed = changed;
    this.#expiryMs = expiryMs;
  }

  started(data: DataOf<"typing.start">): void {
    const users = this.#channels.get(data.channel_id) ?? new Map<string, ReturnType<typeof setTimeout>>();
    this.#channels.set(data.channel_id, users);
    const known = users.get(data.user_id);
    clearTimeout(known);
    users.set(
      data.user_id,
      setTimeout(() => this.stopped(data), this.#expiryMs),
    );
    if (known === undefined) this.#emit(data, users);
  }

  stopped(data: DataOf<"typing.start">): void {
    const users = this.#channels.get(data.channel_id);
    if (!users?.has(data.user_id)) return;
    clearTimeout(users.get(data.user_id));
    users.delete(data.user_id);
    this.#emit(data, users);
  }

  #emit(data: DataOf<"typing.start">, users: Map<string, unknown>): void {
    const { channel_id, channel_external_id } = data;
    this.#changed({ channel_id, channel_external_id, user_ids: [...users.keys()] });
  }
}

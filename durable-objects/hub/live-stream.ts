import { placePiece } from "../../src/domain/stream-text.ts";
import { TokenBucket } from "../../src/domain/token-bucket.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { utf8Bytes } from "../../src/protocol/primitives.ts";
import type { StreamRow } from "./stream-store.ts";

/** Waits for the checkpoint that makes a piece durable. */
interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** One message while it is being written: its text, and how far members and storage have it. Lengths are UTF-16 units. */
export class LiveStream {
  readonly messageId: string;
  readonly channelId: string;
  readonly userId: string | null;
  /** Journal seq of the message's creation. */
  readonly seq: number;
  readonly openedAt: number;
  touchedAt: number;
  text: string;
  /** What members have been sent. */
  shown = 0;
  /** How long the text was when it was last looked at what may be shown of it, and when that was. */
  offered: number;
  offeredAt = 0;
  /** What is in storage, and since when something is not. */
  stored: number;
  dirtySince: number | undefined;
  #bytes: number;
  readonly #bucket: TokenBucket;
  #waiters: Waiter[] = [];

  constructor(row: StreamRow, now: number) {
    this.messageId = row.message_id;
    this.channelId = row.channel_id;
    this.userId = row.user_id;
    this.seq = row.seq;
    this.openedAt = row.opened_at;
    this.touchedAt = row.touched_at;
    this.text = row.content;
    this.offered = row.content.length;
    this.stored = row.content.length;
    this.#bytes = utf8Bytes(row.content);
    this.#bucket = new TokenBucket(LIMITS.streamAppendsPerSecond, LIMITS.streamAppendBurst, now);
  }

  /** Unix milliseconds at which it counts as abandoned. */
  get deadline(): number {
    return Math.min(this.touchedAt + LIMITS.streamIdleSeconds * 1000, this.openedAt + LIMITS.streamSeconds * 1000);
  }

  /** Takes a piece in, or says why not; nothing has changed then. */
  take(
    offset: number,
    delta: string,
    maxBytes: number,
    now: number,
  ): "taken" | "repeated" | "conflict" | "too_fast" | "too_large" {
    if (!this.#bucket.take(now)) return "too_fast";
    const placed = placePiece(this.text, offset, delta);
    if (placed.kind === "conflict") return "conflict";
    if (placed.kind === "repeat") return "repeated";
    const bytes = this.#bytes + utf8Bytes(placed.rest);
    if (bytes > maxBytes) return "too_large";
    this.#bytes = bytes;
    this.text += placed.rest;
    this.touchedAt = now;
    this.dirtySince ??= now;
    return "taken";
  }

  /** Resolves when storage has everything up to here. */
  kept(): Promise<void> {
    if (this.stored >= this.text.length) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Storage has the text now, or the stream is over; with an error, the checkpoint failed and will be tried again. */
  settle(error?: unknown): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (error === undefined) waiter.resolve();
      else waiter.reject(error);
    }
    if (error !== undefined) return;
    this.stored = this.text.length;
    this.dirtySince = undefined;
  }
}

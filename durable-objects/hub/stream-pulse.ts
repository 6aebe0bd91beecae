import type { LiveStream } from "./live-stream.ts";
import type { HubRuntime } from "./storage.ts";

/** Pieces gather this long for one checkpoint, which is one row, and are acknowledged behind it. */
const CHECKPOINT_MS = 200;
/** Pieces gather this long for one frame to the members, the first one after a pause aside; longer in large channels. */
const SHOW_MS = 50;
const SHOW_MAX_MS = 2_000;
/** Frames to members per second that one stream may cost. */
const SHOWN_PER_SECOND = 4_000;

export interface PulseParts {
  runtime: HubRuntime;
  /** How many would be sent a frame. */
  audience(stream: LiveStream): number;
  /** Sends members what they have not seen and may see. */
  show(stream: LiveStream): void;
  /** Writes checkpoints. Throws where storage fails. */
  store(streams: readonly LiveStream[]): void;
}

/** When growing streams are shown and stored. Timers run only while there is something to do. */
export class StreamPulse {
  readonly #parts: PulseParts;
  readonly #growing = new Set<LiveStream>();
  #nextTick = Number.POSITIVE_INFINITY;

  constructor(parts: PulseParts) {
    this.#parts = parts;
  }

  /** The stream has grown. */
  grew(stream: LiveStream): void {
    this.#growing.add(stream);
    this.#schedule();
  }

  /** The stream is over: nothing more is shown or stored of it. */
  drop(stream: LiveStream): void {
    this.#growing.delete(stream);
  }

  #tick(): void {
    const { runtime, show, store } = this.#parts;
    const now = runtime.now();
    const due: LiveStream[] = [];
    for (const stream of this.#growing) {
      if (this.#showAt(stream) <= now) {
        show(stream);
        stream.offered = stream.text.length;
        stream.offeredAt = now;
      }
      if (storeAt(stream) <= now) due.push(stream);
    }
    if (due.length > 0) this.#store(due, now, store);
    for (const stream of this.#growing) {
      if (stream.offered === stream.text.length && stream.dirtySince === undefined) this.#growing.delete(stream);
    }
    this.#schedule();
  }

  #store(due: readonly LiveStream[], now: number, store: PulseParts["store"]): void {
    try {
      store(due);
      for (const stream of due) stream.settle();
    } catch (error) {
      this.#parts.runtime.log("error", "stream.checkpoint_failed", { error: String(error) });
      for (const stream of due) {
        stream.settle(error);
        stream.dirtySince = now;
      }
    }
  }

  #schedule(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const stream of this.#growing) next = Math.min(next, this.#showAt(stream), storeAt(stream));
    // An earlier tick looks again.
    if (next >= this.#nextTick) return;
    const { runtime } = this.#parts;
    const wait = Math.max(0, Math.min(next - runtime.now(), 250));
    const at = runtime.now() + wait;
    this.#nextTick = at;
    runtime.defer(wait, () => {
      if (this.#nextTick === at) this.#nextTick = Number.POSITIVE_INFINITY;
      this.#tick();
    });
  }

  #showAt(stream: LiveStream): number {
    if (stream.offered === stream.text.length) return Number.POSITIVE_INFINITY;
    const spacing = (this.#parts.audience(stream) * 1000) / SHOWN_PER_SECOND;
    return stream.offeredAt + Math.min(SHOW_MAX_MS, Math.max(SHOW_MS, spacing));
  }
}

function storeAt({ dirtySince }: LiveStream): number {
  return dirtySince === undefined ? Number.POSITIVE_INFINITY : dirtySince + CHECKPOINT_MS;
}

/** Exact sliding window: at most `limit` events in any `windowMs`. Keeps one time per event in the window. */
export class SlidingLog {
  readonly #limit: number;
  readonly #windowMs: number;
  #times: number[] = [];

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Milliseconds until an event would fit, 0 when it fits now. */
  waitMs(now: number): number {
    this.#drop(now);
    if (this.#times.length < this.#limit) return 0;
    const leaves = this.#times[this.#times.length - this.#limit] ?? now;
    return Math.max(1, leaves + this.#windowMs - now);
  }

  record(now: number): void {
    this.#times.push(now);
  }

  isEmpty(now: number): boolean {
    this.#drop(now);
    return this.#times.length === 0;
  }

  #drop(now: number): void {
    const first = this.#times.findIndex((time) => time > now - this.#windowMs);
    if (first === -1) this.#times = [];
    else if (first > 0) this.#times.splice(0, first);
  }
}

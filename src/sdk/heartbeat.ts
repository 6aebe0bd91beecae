/** Finds a connection that died without a close: pings at intervals, and calls `dead` where nothing comes back. */
export class Heartbeat {
  readonly #ping: () => void;
  readonly #dead: () => void;
  readonly #everyMs: number;
  readonly #withinMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ping: () => void, dead: () => void, everyMs: number, withinMs: number) {
    this.#ping = ping;
    this.#dead = dead;
    this.#everyMs = everyMs;
    this.#withinMs = withinMs;
  }

  #waiting = false;

  /** Starts the first interval. */
  start(): void {
    this.#schedule();
  }

  /** Something arrived: the connection lives. Costs a timer only when a ping was under way. */
  alive(): void {
    if (this.#waiting) this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = false;
  }

  #schedule(): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.#waiting = true;
      this.#timer = setTimeout(() => this.#dead(), this.#withinMs);
      this.#ping();
    }, this.#everyMs);
  }
}

/**
 * One wait for the commit of a turn, for all who ask in it: each wait of its own would have the run-time come back to the
 * object once more.
 */
export class CommitWait {
  readonly #durable: () => Promise<void>;
  #asked: Promise<void> | undefined;

  /** `durable` resolves when everything that has been written is on disk. */
  constructor(durable: () => Promise<void>) {
    this.#durable = durable;
  }

  /** Resolves when everything is on disk that has been written when the present microtask ends. */
  next(): Promise<void> {
    this.#asked ??= Promise.resolve().then(() => {
      this.#asked = undefined;
      return this.#durable();
    });
    return this.#asked;
  }
}

/** How the rate rises until a step is bad, and from the last good one after that. */
const COARSE = 2;
const FINE = 1.25;
/** A fine step so close below one that was bad is not worth its time. */
const CLOSE = 0.95;
/** Below this share of the first rate there is nothing worth looking for. */
const FLOOR = 1 / 16;

/**
 * Looks for the highest rate that is good: doubles it until a step is bad, or halves it until one is good, then rises
 * from the last good one by a quarter at a time. A step that is bad is played a second time before it counts as bad: a
 * stall of the machine is not the server's.
 */
export class RateSearch {
  #next: number | undefined;
  #best: number | undefined;
  #bad: number | undefined;
  readonly #least: number;
  #left: number;
  #isSecond = false;

  constructor(first: number, maxSteps: number) {
    this.#next = first;
    this.#least = first * FLOOR;
    this.#left = maxSteps;
  }

  /** Rate of the next step; undefined at the end. */
  get next(): number | undefined {
    return this.#left > 0 ? this.#next : undefined;
  }

  /** The highest rate that was good so far. */
  get best(): number | undefined {
    return this.#best;
  }

  /** Tells how the step with the `next` rate went. */
  report(good: boolean): void {
    const rate = this.#next;
    if (rate === undefined) return;
    this.#left -= 1;
    this.#isSecond = !good && !this.#isSecond;
    if (this.#isSecond) return;
    // A bad fine step is the end.
    const ends = !good && this.#best !== undefined && this.#bad !== undefined;
    if (good) this.#best = rate;
    else this.#bad = Math.min(rate, this.#bad ?? rate);
    this.#next = ends ? undefined : this.#after();
  }

  #after(): number | undefined {
    const [best, bad] = [this.#best, this.#bad];
    if (best === undefined) return bad === undefined || bad <= this.#least ? undefined : bad / COARSE;
    if (bad === undefined) return best * COARSE;
    const fine = best * FINE;
    return fine < bad * CLOSE ? fine : undefined;
  }
}

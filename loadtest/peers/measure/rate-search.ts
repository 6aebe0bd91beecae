/** How the rate rises until a step is bad. */
const COARSE = 2;
/** Good and bad rates that are closer than this are not told apart. */
const FINE = 1.1;
/** Below this share of the first rate there is nothing worth looking for. */
const FLOOR = 1 / 16;

/**
 * Looks for the highest rate that is good: doubles it until a step is bad, or halves it until one is good, then plays
 * what lies in the middle of the two until they are close. A step that is bad is played a second time before it counts as bad: a
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
    if (good) this.#best = rate;
    else this.#bad = rate;
    this.#next = this.#after();
  }

  #after(): number | undefined {
    const [best, bad] = [this.#best, this.#bad];
    if (best === undefined) return bad === undefined || bad <= this.#least ? undefined : bad / COARSE;
    if (bad === undefined) return best * COARSE;
    return bad / best > FINE ? Math.sqrt(best * bad) : undefined;
  }
}

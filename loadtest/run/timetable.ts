/** Something that `index` does once per period; `dueAt` is its intended moment. */
export type Fire = (index: number, dueAt: number) => void;

/** Timers are whole milliseconds: what is due within the next half is done now. */
const EARLY_MS = 0.5;

/** A fixed, repeating schedule: item `i` is due at `startAt + offsets[i] + n · period`, for every n. */
class Round {
  readonly #startAt: number;
  readonly #periodMs: number;
  readonly #order: { index: number; offset: number }[];
  readonly #fire: Fire;
  #turn = 0;
  #position = 0;

  constructor(startAt: number, periodMs: number, offsets: readonly number[], fire: Fire) {
    this.#startAt = startAt;
    this.#periodMs = periodMs;
    this.#order = offsets.map((offset, index) => ({ index, offset })).sort((a, b) => a.offset - b.offset);
    this.#fire = fire;
  }

  get dueAt(): number {
    const item = this.#order[this.#position];
    if (item === undefined) return Number.POSITIVE_INFINITY;
    return this.#startAt + this.#turn * this.#periodMs + item.offset;
  }

  /** Does what is due next and moves on. */
  fire(): void {
    const { dueAt } = this;
    const item = this.#order[this.#position];
    if (item === undefined) return;
    this.#position += 1;
    if (this.#position === this.#order.length) {
      this.#position = 0;
      this.#turn += 1;
    }
    this.#fire(item.index, dueAt);
  }
}

/**
 * Starts operations at fixed moments, whether or not earlier ones were answered ("open loop"): a slow server meets
 * the same load as a fast one. What the generator could not start in time it starts late and does not leave out.
 */
export class Timetable {
  readonly #rounds: Round[] = [];
  readonly #onLate: (milliseconds: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(onLate: (milliseconds: number) => void = () => {}) {
    this.#onLate = onLate;
  }

  /** Offsets are milliseconds below `periodMs`. */
  repeat(startAt: number, periodMs: number, offsets: readonly number[], fire: Fire): void {
    this.#rounds.push(new Round(startAt, periodMs, offsets, fire));
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const next = Math.min(...this.#rounds.map((round) => round.dueAt));
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(1, next - performance.now()));
  }

  #run(): void {
    for (const round of this.#rounds) {
      for (let { dueAt } = round; dueAt <= performance.now() + EARLY_MS; { dueAt } = round) {
        this.#onLate(Math.max(0, performance.now() - dueAt));
        round.fire();
      }
    }
    this.#schedule();
  }
}

/**
 * Group commit: while the storage is idle a send is written at once; those that come while it is writing wait, and are
 * then written together, in the order in which they came. What one turn of the object writes is one commit, and a commit,
 * not the work, is what a busy hub waits for. Nothing is slower for it: a send that came while a commit was under way
 * could not have been durable before the next one.
 *
 * (The method is that of database logs: DeWitt et al., "Implementation techniques for main memory database systems",
 * SIGMOD 1984.)
 */
export class CommitGroup {
  readonly #durable: () => Promise<void>;
  #waiting: (() => void)[] = [];
  #writing = false;

  /** `durable` resolves when everything that has been written is on disk. */
  constructor(durable: () => Promise<void>) {
    this.#durable = durable;
  }

  /** Undefined where one may write now; else a promise to wait for. Write in the turn that goes on from here. */
  enter(): Promise<void> | undefined {
    if (this.#writing) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#writing = true;
    this.#commit();
    return undefined;
  }

  #commit(): void {
    // Behind the writers of this turn, so that their commit is the one that is waited for.
    queueMicrotask(() =>
      this.#durable().then(
        () => this.#next(),
        () => this.#next(),
      ),
    );
  }

  #next(): void {
    const group = this.#waiting;
    this.#waiting = [];
    this.#writing = group.length > 0;
    for (const go of group) go();
    if (this.#writing) this.#commit();
  }
}

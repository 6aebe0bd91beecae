import type { CommitWait } from "./commit-wait.ts";

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
  readonly #commit: CommitWait;
  #waiting: (() => void)[] = [];
  #writing = false;

  constructor(commit: CommitWait) {
    this.#commit = commit;
  }

  /** Undefined where one may write now; else a promise to wait for. Write in the turn that goes on from here. */
  enter(): Promise<void> | undefined {
    if (this.#writing) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#writing = true;
    this.#wait();
    return undefined;
  }

  #wait(): void {
    this.#commit.next().then(
      () => this.#next(),
      () => this.#next(),
    );
  }

  #next(): void {
    const group = this.#waiting;
    this.#waiting = [];
    this.#writing = group.length > 0;
    for (const go of group) go();
    // Asked before they write, answered behind them: their commit is the one that is waited for.
    if (this.#writing) this.#wait();
  }
}

import type { Connection } from "./connection.ts";
import { FrameRun } from "./frame-run.ts";
import type { HubRuntime } from "./storage.ts";

/** How long frames are collected for one batch, at least. */
const WINDOW_MS = 25;
/**
 * What one connection adds to the window: the run-time needs about 35 µs to write one frame to one socket, whatever is in
 * it, so this leaves it a third of its time for everything else.
 */
const WINDOW_MS_PER_CONNECTION = 0.05;
/** The longest window: a pending timer keeps the object awake. */
const MAX_WINDOW_MS = 250;
/** Frames to all sockets within `WINDOW_MS` beyond which the workspace counts as busy. */
const BUSY_FRAMES = 100;
/** UTF-16 units of one batch; a longer run goes out at once. */
const MAX_RUN_LENGTH = 256 * 1024;

/**
 * The way out for live frames. Connections that take batches get what one round brings as one frame: at once while the
 * workspace is quiet or the last batch is a window ago, else when the window is over. All others get each frame at
 * once. Answers to a connection itself do not come through here and may overtake; frames that do keep their order.
 */
export class Outlet {
  readonly #runtime: HubRuntime;
  #root = new FrameRun();
  #waiting: Connection[] = [];
  /** Before this moment a busy workspace sends no further batch. Unix milliseconds. */
  #nextAt = 0;
  #timerRuns = false;
  #countFrom = 0;
  #count = 0;
  #lastCount = 0;

  constructor(runtime: HubRuntime) {
    this.#runtime = runtime;
  }

  /** Runs one round of sends. */
  round(work: () => void): void {
    const now = this.#runtime.now();
    const isBusy = this.#isBusy(now);
    work();
    if (this.#waiting.length === 0) return;
    if (!isBusy || now >= this.#nextAt) this.flush();
    else this.#flushAt(this.#nextAt - now);
  }

  send(connection: Connection, frame: string): void {
    this.#count++;
    if (!connection.takesBatches) {
      connection.send(frame);
      return;
    }
    if (connection.waiting === undefined) this.#waiting.push(connection);
    const run = (connection.waiting ?? this.#root).with(frame);
    connection.waiting = run;
    if (run.length > MAX_RUN_LENGTH) connection.sendWaiting();
  }

  /** Sends everything that was collected, now. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) connection.sendWaiting();
    // The runs of this window, with their texts, are nobody's any more.
    this.#root = new FrameRun();
    const window = Math.max(WINDOW_MS, waiting.length * WINDOW_MS_PER_CONNECTION);
    this.#nextAt = this.#runtime.now() + Math.min(window, MAX_WINDOW_MS);
  }

  #flushAt(ms: number): void {
    if (this.#timerRuns) return;
    this.#timerRuns = true;
    this.#runtime.defer(ms, () => {
      this.#timerRuns = false;
      this.flush();
    });
  }

  #isBusy(now: number): boolean {
    const elapsed = now - this.#countFrom;
    if (elapsed >= WINDOW_MS) {
      this.#lastCount = elapsed < 2 * WINDOW_MS ? this.#count : 0;
      this.#countFrom = now;
      this.#count = 0;
    }
    return Math.max(this.#count, this.#lastCount) > BUSY_FRAMES;
  }
}

import type { Connection } from "./connection.ts";
import { FrameRun } from "./frame-run.ts";
import type { HubRuntime } from "./storage.ts";

/** How long frames are collected for one batch. */
const WINDOW_MS = 25;
/** Frames to all sockets within one window beyond which the workspace counts as busy. */
const BUSY_FRAMES = 100;
/** UTF-16 units of one batch; a longer run goes out at once. */
const MAX_RUN_LENGTH = 256 * 1024;

/**
 * The way out for live frames. While the workspace is quiet each goes out at once; while it is busy, connections that
 * take batches get what 25 ms bring in one frame, and at any time what one turn brings. Answers to a connection itself
 * do not come through here and may overtake; frames that do keep their order.
 */
export class Outlet {
  readonly #runtime: HubRuntime;
  #root = new FrameRun();
  #waiting: Connection[] = [];
  /** True from the moment that the workspace counts as busy to the end of its 25 ms. */
  #isOpen = false;
  /** True in a round of several events. */
  #isBurst = false;
  #countFrom = 0;
  #count = 0;
  #lastCount = 0;

  constructor(runtime: HubRuntime) {
    this.#runtime = runtime;
  }

  /** Runs one round of sends, which tells of `events` events. */
  round(events: number, work: () => void): void {
    this.#look();
    this.#isBurst = events > 1;
    work();
    this.#isBurst = false;
    if (!this.#isOpen) this.flush();
  }

  send(connection: Connection, frame: string): void {
    this.#count++;
    if (!connection.takesBatches || !(this.#isOpen || this.#isBurst)) {
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
    this.#isOpen = false;
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) connection.sendWaiting();
    // The runs of this window, with their texts, are nobody's any more.
    this.#root = new FrameRun();
  }

  /** Opens a window where the last one was busy, or this one is already. */
  #look(): void {
    const now = this.#runtime.now();
    const elapsed = now - this.#countFrom;
    if (elapsed >= WINDOW_MS) {
      this.#lastCount = elapsed < 2 * WINDOW_MS ? this.#count : 0;
      this.#countFrom = now;
      this.#count = 0;
    }
    if (this.#isOpen || Math.max(this.#count, this.#lastCount) <= BUSY_FRAMES) return;
    this.#isOpen = true;
    this.#runtime.defer(WINDOW_MS, () => this.flush());
  }
}

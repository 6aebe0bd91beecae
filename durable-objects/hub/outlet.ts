import { BatchWheel } from "./batch-wheel.ts";
import type { Connection } from "./connection.ts";
import type { HubRuntime } from "./storage.ts";

/** Frames to all sockets beyond which the workspace counts as busy, counted over a turn of the wheel. */
const BUSY_FRAMES_PER_MS = 4;
/** UTF-16 units of one batch; a longer run goes out at once. */
const MAX_RUN_LENGTH = 256 * 1024;

/**
 * The way out for live frames. Connections that take batches get what one round brings as one frame: at once while the
 * workspace is quiet or nobody was sent a batch for two turns of the wheel, else when the wheel comes to them. All others get
 * each frame at once. Answers to a connection itself do not come through here and may overtake; frames that do keep their order.
 */
export class Outlet {
  readonly #runtime: HubRuntime;
  readonly #wheel: BatchWheel;
  #countFrom = 0;
  #count = 0;
  #lastCount = 0;

  constructor(runtime: HubRuntime) {
    this.#runtime = runtime;
    this.#wheel = new BatchWheel(runtime);
  }

  /** Runs one round of sends. */
  round(work: () => void): void {
    const now = this.#runtime.now();
    const isBusy = this.#isBusy(now);
    work();
    if (this.#wheel.isEmpty) return;
    if (!isBusy || this.#wheel.isRested(now)) this.#wheel.restart();
    else this.#wheel.turn();
  }

  send(connection: Connection, frame: string): void {
    this.#count++;
    if (!connection.takesBatches) {
      connection.send(frame);
      return;
    }
    this.#wheel.add(connection, frame);
    if ((connection.waiting?.length ?? 0) > MAX_RUN_LENGTH) connection.sendWaiting();
  }

  /** Sends everything that was collected, now. */
  flush(): void {
    this.#wheel.flush();
  }

  #isBusy(now: number): boolean {
    const { turnMs } = this.#wheel;
    const elapsed = now - this.#countFrom;
    if (elapsed >= turnMs) {
      this.#lastCount = elapsed < 2 * turnMs ? this.#count : 0;
      this.#countFrom = now;
      this.#count = 0;
    }
    return Math.max(this.#count, this.#lastCount) > BUSY_FRAMES_PER_MS * turnMs;
  }
}

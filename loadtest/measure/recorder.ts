import type { CloseCount, ErrorCount } from "../summary.ts";
import { LatencySeries } from "./latency.ts";

/** What a user waits for, or an event that has an error of its own. */
export type Operation = "upgrade" | "send_socket" | "send_rest" | "history" | "frame";

/** Everything counted and timed in one run, but for deliveries, which have their ledger. */
export class Recorder {
  readonly upgrade = new LatencySeries();
  readonly ready = new LatencySeries();
  readonly ping = new LatencySeries();
  readonly sendSocket = new LatencySeries();
  readonly sendRest = new LatencySeries();
  readonly send = new LatencySeries();
  readonly delivery = new LatencySeries();
  readonly history = new LatencySeries();

  readonly upgrades = { attempted: 0, succeeded: 0, rateLimited: 0 };
  readonly pings = { sent: 0, answered: 0 };
  readonly sends = { attempted: 0, acknowledged: 0, failed: 0 };
  readonly reads = { attempted: 0, answered: 0, fullPages: 0, failed: 0 };

  readonly #errors = new Map<string, ErrorCount>();
  readonly #closes = new Map<string, CloseCount>();

  /** Counts an error; the first message of each kind is kept as a sample. */
  error(operation: Operation, code: string, message: string): void {
    const key = `${operation} ${code}`;
    const known = this.#errors.get(key);
    if (known === undefined) this.#errors.set(key, { operation, code, count: 1, sample: message.slice(0, 300) });
    else known.count += 1;
  }

  /** Counts the end of a socket that we did not close ourselves. */
  closed(code: number, reason: string): void {
    const key = `${code} ${reason}`;
    const known = this.#closes.get(key);
    if (known === undefined) this.#closes.set(key, { code, reason, count: 1 });
    else known.count += 1;
  }

  errors(): ErrorCount[] {
    return [...this.#errors.values()].sort((a, b) => b.count - a.count);
  }

  closes(): CloseCount[] {
    return [...this.#closes.values()].sort((a, b) => b.count - a.count);
  }
}

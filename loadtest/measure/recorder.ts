import type { CloseCount, ErrorCount } from "../summary.ts";
import { LatencySeries } from "./latency.ts";

/** What a user waits for, or an event that has an error of its own. */
export type Operation = "upgrade" | "send_socket" | "send_rest" | "history" | "resume" | "frame";

/** Figures of a part of the run that are kept apart besides: of operations that were intended from then on. */
export class Section {
  readonly from: number;
  readonly send = new LatencySeries();
  readonly delivery = new LatencySeries();

  constructor(from: number) {
    this.from = from;
  }
}

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

  readonly #sections: Section[] = [];
  readonly #errors = new Map<string, ErrorCount>();
  readonly #closes = new Map<string, CloseCount>();

  /** Keeps what is intended from now on apart as well. */
  beginSection(from: number): Section {
    const section = new Section(from);
    this.#sections.push(section);
    return section;
  }

  /** An answered send, on the clock of `performance.now()`. */
  sent(path: "send_socket" | "send_rest", intendedAt: number, startedAt: number, at: number): void {
    this.send.record(intendedAt, startedAt, at);
    (path === "send_socket" ? this.sendSocket : this.sendRest).record(intendedAt, startedAt, at);
    this.#sectionOf(intendedAt)?.send.record(intendedAt, startedAt, at);
  }

  delivered(intendedAt: number, startedAt: number, at: number): void {
    this.delivery.record(intendedAt, startedAt, at);
    this.#sectionOf(intendedAt)?.delivery.record(intendedAt, startedAt, at);
  }

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

  /** They begin one after the other, and what is looked for is mostly of the last. */
  #sectionOf(intendedAt: number): Section | undefined {
    for (let index = this.#sections.length - 1; index >= 0; index--) {
      const section = this.#sections[index];
      if (section !== undefined && section.from <= intendedAt) return section;
    }
    return undefined;
  }
}

import { round } from "./numbers.ts";
import { readUsage } from "./server-sampler.ts";

/** Processor time of the generator and of the server between two moments, in percent of one core. */
export class CpuMeter {
  readonly #serverPid: number | undefined;
  #at = performance.now();
  #own = process.cpuUsage();
  #server: number | undefined;

  constructor(serverPid: number | undefined) {
    this.#serverPid = serverPid;
    this.#server = this.#serverSeconds();
  }

  /** Since the last call, or since the beginning. */
  lap(): { generator: number; server: number | null } {
    const now = performance.now();
    const seconds = (now - this.#at) / 1000;
    const own = process.cpuUsage();
    const server = this.#serverSeconds();
    const spent = own.user + own.system - this.#own.user - this.#own.system;
    const lap = {
      generator: round((spent / 1e6 / seconds) * 100, 1),
      server:
        server === undefined || this.#server === undefined ? null : round(((server - this.#server) / seconds) * 100, 1),
    };
    this.#at = now;
    this.#own = own;
    this.#server = server;
    return lap;
  }

  #serverSeconds(): number | undefined {
    return this.#serverPid === undefined ? undefined : readUsage(this.#serverPid)?.cpuSeconds;
  }
}

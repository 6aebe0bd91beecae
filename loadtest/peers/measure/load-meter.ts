import { round } from "../../measure/numbers.ts";
import { readUsage } from "../../measure/server-sampler.ts";
import type { RunningPeer } from "../peer.ts";

/** Processor time between two moments, in percent of one core; `server` is null where it cannot be read. */
export interface Load {
  server: number | null;
  generator: number;
}

/** Processor time of all processes of a server together, and of the generator. */
export class LoadMeter {
  readonly #server: Pick<RunningPeer, "pids">;
  #at = performance.now();
  #own = process.cpuUsage();
  #servers: Map<number, number>;

  constructor(server: Pick<RunningPeer, "pids">) {
    this.#server = server;
    this.#servers = secondsOf(server.pids);
  }

  /** Since the last call, or since the beginning. A process that has ended in between is not counted. */
  lap(): Load {
    const now = performance.now();
    const seconds = (now - this.#at) / 1000;
    const own = process.cpuUsage();
    const servers = secondsOf(this.#server.pids);
    let spent = 0;
    // One that is new has spent everything since.
    for (const [pid, total] of servers) spent += total - (this.#servers.get(pid) ?? 0);
    const ownSpent = (own.user + own.system - this.#own.user - this.#own.system) / 1e6;
    this.#at = now;
    this.#own = own;
    this.#servers = servers;
    return {
      server: servers.size === 0 ? null : round((spent / seconds) * 100, 1),
      generator: round((ownSpent / seconds) * 100, 1),
    };
  }
}

function secondsOf(pids: readonly number[]): Map<number, number> {
  const seconds = new Map<number, number>();
  for (const pid of pids) {
    const usage = readUsage(pid);
    if (usage !== undefined) seconds.set(pid, usage.cpuSeconds);
  }
  return seconds;
}

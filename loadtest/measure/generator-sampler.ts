import { monitorEventLoopDelay } from "node:perf_hooks";
import type { GeneratorSummary } from "../summary.ts";
import { LatencyHistogram } from "./latency.ts";
import { round } from "./numbers.ts";

const RESOLUTION_MS = 10;

/**
 * What the generator itself costs. Above ~80 % of a core, or with lag in the order of the latencies, a run measures
 * the generator and not the server.
 */
export class GeneratorSampler {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #lateness = new LatencyHistogram();
  #running = false;
  #cpu = process.cpuUsage();
  #startedAt = performance.now();
  #elapsedMs = 0;
  #peakRss = 0;

  /** Starts at zero: call it when the measured part begins. */
  start(): void {
    this.#delay.reset();
    this.#delay.enable();
    this.#cpu = process.cpuUsage();
    this.#startedAt = performance.now();
    this.#running = true;
  }

  /** An operation started so late, against the timetable. */
  late(milliseconds: number): void {
    if (this.#running) this.#lateness.record(milliseconds);
  }

  stop(): void {
    this.#running = false;
    this.#delay.disable();
    this.#cpu = process.cpuUsage(this.#cpu);
    this.#elapsedMs = performance.now() - this.#startedAt;
    this.#peakRss = process.resourceUsage().maxRSS / 1024;
  }

  summary(): GeneratorSummary {
    // Node records the whole interval between two samples, so an idle loop shows the resolution.
    const lag = (nanoseconds: number) => round(Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS), 3);
    const measured = this.#delay.count > 0;
    return {
      cpu_percent: round(((this.#cpu.user + this.#cpu.system) / 1000 / this.#elapsedMs) * 100, 1),
      peak_rss_mb: round(this.#peakRss, 1),
      event_loop_lag_ms: {
        p50: measured ? lag(this.#delay.percentile(50)) : null,
        p99: measured ? lag(this.#delay.percentile(99)) : null,
        max: measured ? lag(this.#delay.max) : null,
      },
      lateness_ms: this.#lateness.summary(),
    };
  }
}

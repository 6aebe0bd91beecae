import fs from "node:fs";
import type { Phase, ServerSummary } from "../summary.ts";
import { median, round } from "./numbers.ts";

interface Sample {
  second: number;
  phase: Phase;
  rssMb: number;
  cpuPercent: number;
}

/** Linux counts processor time in hundredths of a second for every program, whatever the kernel uses inside. */
const TICKS_PER_SECOND = 100;

/** Reads memory and processor time of one process from `/proc` each second. */
export class ServerSampler {
  readonly #pid: number;
  readonly #samples: Sample[] = [];
  readonly #startedAt = performance.now();
  #phase: Phase = "idle";
  #timer: NodeJS.Timeout | undefined;
  #last: { at: number; cpuSeconds: number } | undefined;
  #gone = false;

  constructor(pid: number) {
    this.#pid = pid;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Median resident memory of the samples since `count` ago; null before the first. */
  recentRssMb(count: number): number | null {
    return middle(this.#samples.slice(-Math.max(1, count)).map((sample) => sample.rssMb));
  }

  start(): void {
    this.#take();
    this.#timer = setInterval(() => this.#take(), 1_000);
  }

  /** Names the part of the run that the next samples belong to. */
  enter(phase: Phase): void {
    this.#phase = phase;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  summary(): ServerSummary {
    const of = (phase: Phase) => this.#samples.filter((sample) => sample.phase === phase);
    const figures = (read: (sample: Sample) => number) => ({
      idle: middle(of("idle").map(read)),
      connected: middle(of("connected").map(read)),
      median: middle(of("run").map(read)),
      peak: highest(of("run").map(read)),
    });
    return {
      pid: this.#pid,
      command: readText(`/proc/${this.#pid}/comm`)?.trim() ?? null,
      ended_during_run: this.#gone,
      rss_mb: figures((sample) => sample.rssMb),
      cpu_percent: figures((sample) => sample.cpuPercent),
      samples: {
        second: this.#samples.map((sample) => sample.second),
        phase: this.#samples.map((sample) => sample.phase),
        rss_mb: this.#samples.map((sample) => sample.rssMb),
        cpu_percent: this.#samples.map((sample) => sample.cpuPercent),
      },
    };
  }

  #take(): void {
    const usage = readUsage(this.#pid);
    if (usage === undefined) {
      this.#gone = true;
      return;
    }
    const at = performance.now();
    if (this.#last !== undefined) {
      const elapsed = (at - this.#last.at) / 1000;
      this.#samples.push({
        second: round((at - this.#startedAt) / 1000, 1),
        phase: this.#phase,
        rssMb: round(usage.rssMb, 1),
        cpuPercent: round(((usage.cpuSeconds - this.#last.cpuSeconds) / elapsed) * 100, 1),
      });
    }
    this.#last = { at, cpuSeconds: usage.cpuSeconds };
  }
}

/** Memory and processor time of a process; undefined where it is gone or there is no `/proc`. */
export function readUsage(pid: number): { rssMb: number; cpuSeconds: number } | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const status = readText(`/proc/${pid}/status`);
  if (stat === undefined || status === undefined) return undefined;
  // The name of the program stands in brackets and may hold blanks; what follows starts with field 3, the state.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  // A process that has ended, and that its parent did not collect, has no memory line.
  const rssKb = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return rssKb === undefined ? undefined : { rssMb: Number(rssKb) / 1024, cpuSeconds };
}

function readText(path: string): string | undefined {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function middle(values: number[]): number | null {
  return values.length === 0 ? null : round(median(values), 1);
}

function highest(values: number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

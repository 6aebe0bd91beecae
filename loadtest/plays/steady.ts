import { median, round, slopePerSecond } from "../measure/numbers.ts";
import type { Outcome, Trend } from "../outcome-schema.ts";
import type { PlayOf } from "../play-schema.ts";
import type { Bench } from "../run/bench.ts";
import { sleep } from "../run/clock.ts";
import { scheduleReads, scheduleSends } from "../run/traffic.ts";
import type { ServerSummary } from "../summary.ts";

/** The scenario's traffic on its timetable, beside sockets that are open already. */
export async function steadyTraffic(bench: Bench): Promise<void> {
  const { scenario, timetable, sessions, signal } = bench;
  await bench.measure(async (from) => {
    scheduleSends(timetable, scenario, sessions, bench.sends, from);
    scheduleReads(timetable, scenario, sessions, bench.reads, from);
    await sleep(scenario.seconds * 1000, signal);
  });
  await bench.drain();
}

/** All sockets open, then traffic at fixed rates. */
export async function playSteady(bench: Bench): Promise<Outcome> {
  await bench.populate();
  await bench.ramp();
  await bench.rest();
  await steadyTraffic(bench);
  return {};
}

/** Steady, with the course of the server's memory. */
export async function playSoak(bench: Bench, { warm_up_percent: warmUp }: PlayOf<"soak">): Promise<Outcome> {
  await playSteady(bench);
  const samples = bench.server?.summary().samples;
  const trend = samples === undefined ? undefined : memoryTrend(samples, warmUp);
  return trend === undefined ? {} : { trend };
}

/** Share of what is left after the warm-up whose medians are compared, at its beginning and its end. */
const ENDS = 0.2;

/** The course of memory during the measured part; undefined where there are too few samples to tell. */
export function memoryTrend(samples: ServerSummary["samples"], warmUpPercent: number): Trend | undefined {
  const course = samples.second
    .map((second, index) => ({ second, phase: samples.phase[index], mb: samples.rss_mb[index] ?? 0 }))
    .filter(({ phase }) => phase === "run");
  const warm = course.slice(Math.floor((course.length * warmUpPercent) / 100));
  const end = Math.floor(warm.length * ENDS);
  if (end < 1) return undefined;
  const first = median(warm.slice(0, end).map(({ mb }) => mb));
  const last = median(warm.slice(-end).map(({ mb }) => mb));
  const slope = slopePerSecond(warm.map(({ second, mb }) => [second, mb]));
  return {
    first_mb: round(first, 1),
    last_mb: round(last, 1),
    growth_percent: round(((last - first) / first) * 100, 2),
    mb_per_hour: round(slope * 3_600, 2),
  };
}

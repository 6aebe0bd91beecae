import type { Outcome, Stage, Step, Storm, Trend } from "../outcome-schema.ts";
import { row } from "./row.ts";

/** What a run's way of playing measured besides, for the terminal; each part after an empty line. */
export function outcomeLines({ steps, stages, storm, trend, ...outcome }: Outcome): string[] {
  const lines: string[] = [];
  if (steps !== undefined) lines.push("", ...stepLines(steps));
  const best = outcome.best_deliveries_per_second;
  if (best !== undefined) lines.push(`last good step: ${best === null ? "none" : `${best} deliveries a second`}`);
  if (stages !== undefined) lines.push("", ...stageLines(stages));
  if (storm !== undefined) lines.push("", ...stormLines(storm));
  if (trend !== undefined) lines.push("", trendLine(trend));
  return lines;
}

function stepLines(steps: readonly Step[]): string[] {
  const isFanout = steps.some((step) => step.deliveries !== null);
  const head = isFanout ? ["step", "msgs/s", "deliv./s", "p95 ms", "gen. CPU", "serv. CPU"] : STEP_HEAD;
  return [
    row(head),
    ...steps.map(({ name, per_second: rate, latency, deliveries, ...step }) => {
      const load = [step.generator_cpu_percent, step.server_cpu_percent];
      if (deliveries === null) {
        const { p50, p95 } = latency.from_intended ?? { p50: null, p95: null };
        return row([name, rate, p50, p95, ...load, step.failed]);
      }
      const p95 = deliveries.latency.from_intended?.p95 ?? null;
      return `${row([name, rate, deliveries.per_second, p95, ...load])}${step.good === true ? "" : "  too much"}`;
    }),
  ];
}

const STEP_HEAD = ["step", "per second", "p50 ms", "p95 ms", "gen. CPU", "serv. CPU", "failed"];

function stageLines(stages: readonly Stage[]): string[] {
  return [
    row(["sockets", "open", "server MB", "KiB each", "files open"]),
    ...stages.map((stage) =>
      row([stage.sockets, stage.open, stage.server_rss_mb, stage.kib_per_socket, stage.server_descriptors]),
    ),
  ];
}

function stormLines(storm: Storm): string[] {
  const attempt = storm.since_attempt.from_intended;
  return [
    `storm: ${storm.dropped} dropped, ${storm.resumed} resumed, ${storm.resynced} resynced, ${storm.lost} lost, ${storm.put_off} attempts put off`,
    `all back after ${storm.all_resumed_ms ?? "-"} ms; attempt until resumed p50 ${attempt?.p50 ?? "-"} ms, p95 ${attempt?.p95 ?? "-"} ms; ${storm.replayed} events replayed`,
  ];
}

function trendLine(trend: Trend): string {
  return `memory after the warm-up: ${trend.first_mb} MB at first, ${trend.last_mb} MB at last (${trend.growth_percent} %), ${trend.mb_per_hour} MB an hour`;
}

import type { LatencySummary } from "../distribution-schema.ts";
import type { Outcome } from "../outcome-schema.ts";
import type { Summary } from "../summary.ts";
import type { FigureKind } from "./bands.ts";

/** A figure of a run by its name, as far as two runs can be compared by it. */
export interface Figure {
  name: string;
  kind: FigureKind;
  value: number;
}

/** Everything of a run that a comparison looks at. What was not measured is absent. */
export function figuresOf(summary: Summary): Figure[] {
  const { upgrades, pings, sends, deliveries, history, server, outcome } = summary;
  return [
    ...figure("problems", "count", summary.problems.length),
    ...figure("upgrades that succeed", "percent", upgrades.success_percent),
    ...latency("upgrade", upgrades.latency),
    ...latency("ping", pings.latency),
    ...latency("send", sends.latency),
    ...latency("send over socket", sends.socket),
    ...latency("send over REST", sends.rest),
    ...latency("delivery", deliveries.latency),
    ...latency("history", history.latency),
    ...figure("server memory, median", "memory_mb", server?.rss_mb.median),
    ...figure("server memory, peak", "memory_mb", server?.rss_mb.peak),
    ...figure("server CPU, median", "cpu_percent", server?.cpu_percent.median),
    ...outcomeFigures(outcome),
  ];
}

function outcomeFigures({ steps, stages, storm, trend, ...outcome }: Outcome): Figure[] {
  const best = outcome.best_deliveries_per_second;
  return [
    ...(steps ?? []).flatMap((step) => [
      ...figure(`step ${step.name}`, "per_second", step.per_second),
      ...latency(`step ${step.name}`, step.deliveries?.latency ?? step.latency),
    ]),
    ...figure("last good step, deliveries", "per_second", best === undefined ? undefined : (best ?? 0)),
    ...(stages ?? []).flatMap((stage) => figure(`memory at ${stage.sockets}`, "memory_mb", stage.server_rss_mb)),
    ...figure("sockets that did not come back", "count", storm?.lost),
    ...figure("all resumed", "milliseconds", storm?.all_resumed_ms),
    ...(storm === undefined ? [] : latency("resume", storm.since_attempt)),
    ...figure("growth of memory", "growth_percent", trend?.growth_percent),
  ];
}

function latency(name: string, { from_intended: figures }: LatencySummary): Figure[] {
  if (figures === null) return [];
  return (["p50", "p95", "p99"] as const).map((kind) => ({ name: `${name} ${kind}`, kind, value: figures[kind] }));
}

function figure(name: string, kind: FigureKind, value: number | null | undefined): Figure[] {
  return value === null || value === undefined ? [] : [{ name, kind, value }];
}

import type { Metric, Target } from "../scenario.ts";
import type { Summary, TargetResult } from "../summary.ts";

type Figures = Pick<Summary, "upgrades" | "pings" | "sends" | "deliveries" | "history" | "outcome">;

/** Where each figure that a target may be set on is found. `of` names one of several steps or stages. */
const metrics: Record<Metric, (figures: Figures, of: string | undefined) => number | null | undefined> = {
  upgrade_success_percent: ({ upgrades }) => upgrades.success_percent,
  ping_p95_ms: ({ pings }) => pings.latency.from_intended?.p95,
  send_p95_ms: ({ sends }) => sends.latency.from_intended?.p95,
  delivery_p95_ms: ({ deliveries }) => deliveries.latency.from_intended?.p95,
  history_p95_ms: ({ history }) => history.latency.from_intended?.p95,
  open_sockets: ({ outcome }) => outcome.stages?.at(-1)?.open,
  stage_memory_mb: ({ outcome }, of) => outcome.stages?.find(({ sockets }) => String(sockets) === of)?.server_rss_mb,
  step_per_second: ({ outcome }, of) => outcome.steps?.find(({ name }) => name === of)?.per_second,
  step_p95_ms: ({ outcome }, of) => outcome.steps?.find(({ name }) => name === of)?.latency.from_intended?.p95,
  best_deliveries_per_second: ({ outcome }) => outcome.best_deliveries_per_second,
  all_resumed_ms: ({ outcome }) => outcome.storm?.all_resumed_ms,
  memory_growth_percent: ({ outcome }) => outcome.trend?.growth_percent,
};

/** Compares a scenario's targets with what was measured. */
export function judgeTargets(targets: readonly Target[], figures: Figures): TargetResult[] {
  return targets.map((target) => {
    const measured = metrics[target.metric](figures, target.of) ?? null;
    const unit = unitOf(target.metric);
    const [wanted, holds] =
      "below" in target
        ? [`< ${target.below}${unit}`, (value: number) => value < target.below]
        : [`≥ ${target.at_least}${unit}`, (value: number) => value >= target.at_least];
    return {
      name: target.name,
      metric: target.metric,
      ...(target.of === undefined ? {} : { of: target.of }),
      wanted,
      measured,
      met: measured === null ? null : holds(measured),
    };
  });
}

function unitOf(metric: Metric): string {
  if (metric.endsWith("_ms")) return " ms";
  if (metric.endsWith("_mb")) return " MB";
  if (metric.endsWith("_per_second")) return "/s";
  return metric.endsWith("_percent") ? " %" : "";
}

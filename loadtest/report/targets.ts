import type { Metric, Target } from "../scenario.ts";
import type { Summary, TargetResult } from "../summary.ts";

type Figures = Pick<Summary, "upgrades" | "pings" | "sends" | "deliveries" | "history">;

/** Where each figure that a target may be set on is found. */
const metrics: Record<Metric, (figures: Figures) => number | null> = {
  upgrade_success_percent: ({ upgrades }) => upgrades.success_percent,
  ping_p95_ms: ({ pings }) => pings.latency.from_intended?.p95 ?? null,
  send_p95_ms: ({ sends }) => sends.latency.from_intended?.p95 ?? null,
  delivery_p95_ms: ({ deliveries }) => deliveries.latency.from_intended?.p95 ?? null,
  history_p95_ms: ({ history }) => history.latency.from_intended?.p95 ?? null,
};

/** Compares a scenario's targets with what was measured. */
export function judgeTargets(targets: readonly Target[], figures: Figures): TargetResult[] {
  return targets.map((target) => {
    const measured = metrics[target.metric](figures);
    const unit = target.metric.endsWith("_ms") ? "ms" : "%";
    const [wanted, holds] =
      "below" in target
        ? [`< ${target.below} ${unit}`, (value: number) => value < target.below]
        : [`≥ ${target.at_least} ${unit}`, (value: number) => value >= target.at_least];
    return {
      name: target.name,
      metric: target.metric,
      wanted,
      measured,
      met: measured === null ? null : holds(measured),
    };
  });
}

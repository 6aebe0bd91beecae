import { drawBars } from "../draw/bars.ts";
import type { Comparison } from "./result-schema.ts";
import type { Work } from "./works/work.ts";

/** Bars of a work's first figure, the highest on top; undefined where nobody has it. */
export function drawComparison(comparison: Comparison, work: Work): string | undefined {
  const { environment: env, options, started_at: at } = comparison;
  const main = work.columns(options).find((column) => column.main);
  if (main === undefined) return undefined;
  const bars = comparison.peers.flatMap(({ name, median, rounds }) => {
    const value = median[main.figure];
    if (value === null || value === undefined) return [];
    const values = rounds.map(({ figures }) => figures[main.figure]).filter((one) => typeof one === "number");
    const ours = name === "kabar" || name.startsWith("kabar-");
    return [{ name, value, from: Math.min(...values), to: Math.max(...values), ours }];
  });
  if (bars.length === 0) return undefined;
  return drawBars({
    title: `Fan-out to one group of ${options.members.toLocaleString("en-GB")}`,
    subtitle: `p95 below 100 ms, nothing missing; median of ${options.rounds}; ${env.cpu_model}, ${env.cores} cores; ${at.slice(0, 10)}`,
    label: "deliveries a second",
    bars: bars.sort((a, b) => b.value - a.value),
  });
}

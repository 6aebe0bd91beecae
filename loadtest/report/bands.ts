/** How far a figure of one run may lie from that of another before it counts as a change: beyond both. */
export interface Band {
  percent: number;
  /** In the figure's own unit, so that small figures may wobble. */
  absolute: number;
}

/**
 * The bands by kind of figure. They are what the same code shows against itself on a quiet machine of two cores, rounded
 * up: percentiles move with every neighbour, the higher ones more.
 */
export const BANDS = {
  p50: { percent: 20, absolute: 1 },
  p95: { percent: 25, absolute: 3 },
  p99: { percent: 50, absolute: 10 },
  per_second: { percent: 10, absolute: 5 },
  memory_mb: { percent: 10, absolute: 8 },
  cpu_percent: { percent: 20, absolute: 3 },
  percent: { percent: 0, absolute: 0 },
  growth_percent: { percent: 0, absolute: 3 },
  milliseconds: { percent: 25, absolute: 250 },
  count: { percent: 0, absolute: 0 },
} as const satisfies Record<string, Band>;

export type FigureKind = keyof typeof BANDS;

/** Kinds of which more is better; of all others less is. */
const MORE_IS_BETTER: ReadonlySet<FigureKind> = new Set(["per_second", "percent"]);

export type Verdict = "same" | "better" | "worse";

/** Whether a figure changed beyond its band, and to which side. */
export function judge(kind: FigureKind, before: number, after: number): Verdict {
  const { percent, absolute }: Band = BANDS[kind];
  const change = after - before;
  if (Math.abs(change) <= Math.max(absolute, (Math.abs(before) * percent) / 100)) return "same";
  return change > 0 === MORE_IS_BETTER.has(kind) ? "better" : "worse";
}

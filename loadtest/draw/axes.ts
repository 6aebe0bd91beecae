import type { Axis } from "./chart.ts";

/** A logarithmic axis over the decades that hold all values; points are given as `log10`. */
export function logAxis(label: string, values: readonly number[]): Axis {
  const positive = values.filter((value) => value > 0);
  const from = Math.floor(Math.log10(Math.min(...positive, 1)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...positive, 1))));
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => ({
    at: from + index,
    text: String(Number((10 ** (from + index)).toPrecision(1))),
  }));
  return { label, from, to, ticks };
}

/** A linear axis from 0 with about six round ticks. */
export function linearAxis(label: string, values: readonly number[]): Axis {
  const highest = Math.max(...values, 1e-9);
  const rough = highest / 5;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10) * magnitude;
  const to = Math.ceil(highest / step - 1e-9) * step;
  const count = Math.round(to / step) + 1;
  const ticks = Array.from({ length: count }, (_, index) => {
    const value = Number((index * step).toPrecision(12));
    return { at: value, text: value.toLocaleString("en-GB") };
  });
  return { label, from: 0, to, ticks };
}

const PERCENTILES = [0, 50, 90, 99, 99.9, 99.99, 99.999];

/** Percentiles by the decades of what lies above them, as HDR histograms are drawn: every further nine is as wide. */
export function percentileAxis(highest: number): Axis {
  const shown = PERCENTILES.filter((percentile) => percentile <= highest);
  const next = PERCENTILES[shown.length];
  const ticks = [...shown, ...(next === undefined ? [] : [next])].map((percentile) => ({
    at: percentilePlace(percentile),
    text: `${percentile} %`,
  }));
  return { label: "percentile", from: 0, to: ticks.at(-1)?.at ?? 1, ticks };
}

/** Where a percentile lies on that axis. */
export function percentilePlace(percentile: number): number {
  return -Math.log10(Math.max(1e-9, 1 - percentile / 100));
}

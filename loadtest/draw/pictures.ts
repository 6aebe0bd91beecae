import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import type { LatencySummary } from "../distribution-schema.ts";
import type { Summary } from "../summary.ts";
import { linearAxis, logAxis, percentileAxis, percentilePlace } from "./axes.ts";
import { drawChart, type Line } from "./chart.ts";

/** A picture and the end of the name of its file. */
export interface Picture {
  suffix: string;
  svg: string;
}

/** What can be drawn of one or several runs of a scenario; with several, their names tell the lines apart. */
export function drawPictures(runs: readonly { name: string; summary: Summary }[]): Picture[] {
  return [latencyPicture(runs), memoryPicture(runs), fanoutPicture(runs)].filter((picture) => picture !== undefined);
}

type Runs = Parameters<typeof drawPictures>[0];

function latencyPicture(runs: Runs): Picture | undefined {
  const lines = runs.flatMap(({ name, summary }) =>
    series(summary).flatMap(([what, latency]) => {
      const points = percentilePoints(latency);
      return points.length < 2 ? [] : [{ name: label(runs, name, what), points }];
    }),
  );
  if (lines.length === 0) return undefined;
  const all = lines.flatMap(({ points }) => points);
  const highest = Math.max(...all.map(([percentile]) => percentile));
  const svg = drawChart({
    title: `${titleOf(runs)}: latency`,
    subtitle: subtitleOf(runs),
    x: percentileAxis(highest),
    y: logAxis(
      "milliseconds, from the intended moment",
      all.map(([, value]) => value),
    ),
    lines: lines.map(({ name, points }) => ({
      name,
      points: points.map(([percentile, value]) => [percentilePlace(percentile), Math.log10(value)]),
    })),
  });
  return { suffix: "latency.svg", svg };
}

function memoryPicture(runs: Runs): Picture | undefined {
  const lines = runs.flatMap(({ name, summary }): Line[] => {
    const points = (summary.outcome.stages ?? []).flatMap(({ open, server_rss_mb: mb }): [number, number][] =>
      mb === null ? [] : [[open, mb]],
    );
    return points.length < 2 ? [] : [{ name: label(runs, name, "server process"), points, dots: true }];
  });
  return plain(runs, lines, "memory.svg", "memory by sockets", "open sockets", "resident memory, MB");
}

function fanoutPicture(runs: Runs): Picture | undefined {
  const lines = runs.flatMap(({ name, summary }): Line[] => {
    const points = (summary.outcome.steps ?? []).flatMap(({ deliveries }): [number, number][] => {
      const p95 = deliveries?.latency.from_intended?.p95;
      return deliveries === null || p95 === undefined ? [] : [[deliveries.per_second, p95]];
    });
    return points.length < 2 ? [] : [{ name: label(runs, name, "p95 of delivery"), points, dots: true }];
  });
  return plain(runs, lines, "fanout.svg", "delivery by load", "deliveries a second", "milliseconds");
}

function plain(
  runs: Runs,
  lines: Line[],
  suffix: string,
  what: string,
  xLabel: string,
  yLabel: string,
): Picture | undefined {
  if (lines.length === 0) return undefined;
  const all = lines.flatMap(({ points }) => points);
  const svg = drawChart({
    title: `${titleOf(runs)}: ${what}`,
    subtitle: subtitleOf(runs),
    x: linearAxis(
      xLabel,
      all.map(([x]) => x),
    ),
    y: linearAxis(
      yLabel,
      all.map(([, y]) => y),
    ),
    lines,
  });
  return { suffix, svg };
}

function series({ pings, sends, deliveries, history, outcome }: Summary): [string, LatencySummary][] {
  const steps = (outcome.steps ?? []).filter((step) => step.deliveries === null);
  return [
    ["ping", pings.latency],
    ["send, socket", sends.socket],
    ["send, REST", sends.rest],
    ["delivery", deliveries.latency],
    ...(steps.length > 0
      ? steps.map(({ name, latency }): [string, LatencySummary] => [name, latency])
      : ([["history", history.latency]] satisfies [string, LatencySummary][])),
    ...(outcome.storm === undefined
      ? []
      : ([["resume", outcome.storm.since_attempt]] satisfies [string, LatencySummary][])),
  ];
}

/** Nines beyond those that the number of values can tell are left out. */
function percentilePoints({ hdr }: LatencySummary): [percentile: number, milliseconds: number][] {
  if (hdr === null) return [];
  const histogram = decodeFromCompressedBase64(hdr);
  const last = percentilePlace(100 * (1 - 1 / histogram.totalCount));
  const places = Array.from({ length: 101 }, (_, index) => (last * index) / 100);
  return places.map((place) => {
    const percentile = 100 * (1 - 10 ** -place);
    const value = Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue);
    return [percentile, Math.max(value, 1) / 1000];
  });
}

function label(runs: Runs, name: string, what: string): string {
  return runs.length === 1 ? what : `${what}, ${name}`;
}

function titleOf([first]: Runs): string {
  return first?.summary.scenario.name ?? "";
}

function subtitleOf(runs: Runs): string {
  const [first] = runs;
  if (first === undefined) return "";
  const { environment: e, started_at: at, scenario } = first.summary;
  return `${scenario.sockets} sockets; ${e.cpu_model}, ${e.cores} cores, workerd ${e.workerd ?? "?"}; ${at.slice(0, 10)}`;
}

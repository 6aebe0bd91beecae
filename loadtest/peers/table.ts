import type { Comparison, PeerResult } from "./result-schema.ts";
import type { Column, Work } from "./works/work.ts";

/** Whom the others are compared with: the run-time's limit, which is the storing one where only that has part, and us. */
const AGAINST = [["bare", "bare-durable"], ["kabar"]] as const;

/** A comparison for the terminal: medians, then range and ratios of the main figures. */
export function formatComparison(comparison: Comparison, work: Work): string {
  const { options, environment: env, peers } = comparison;
  const columns = work.columns(options);
  const played = peers.filter(({ rounds }) => rounds.length > 0);
  const figures = [
    ["", ...columns.map(({ title }) => title)],
    ...played.map(({ name, median }) => [name, ...columns.map(({ figure }) => show(median[figure]))]),
  ];
  return [
    `${work.name}: ${work.describe(options)}`,
    `median of ${options.rounds} round${options.rounds === 1 ? "" : "s"}${comparison.interrupted ? " (stopped by hand)" : ""}; ${env.cpu_model}, ${env.cores} cores, node ${env.node}, workerd ${env.workerd ?? "?"}, commit ${env.commit ?? "?"}`,
    "",
    ...aligned(figures),
    "",
    ...aligned(ratioRows(columns, played)),
    "",
    "a ratio above 1 is better than the one it is compared with",
    ...peers.map((peer) => peerLine(peer)),
    ...peers.flatMap((peer) => problemLines(peer)),
  ].join("\n");
}

/**
 * How much better one figure is than another: 2 is twice as many, or half as long.
 *
 * @returns undefined where there is nothing to compare
 */
export function ratioOf(
  value: number | null | undefined,
  other: number | null | undefined,
  better: Column["better"],
): number | undefined {
  if (value === null || value === undefined || other === null || other === undefined) return undefined;
  const [above, below] = better === "more" ? [value, other] : [other, value];
  return below === 0 ? undefined : above / below;
}

/** Range and ratios of the main figures. */
function ratioRows(columns: readonly Column[], played: readonly PeerResult[]): string[][] {
  const main = columns.filter((column) => column.main);
  const others = AGAINST.map((names) =>
    played.find((peer) => peer.name === names.find((name) => hasName(played, name))),
  );
  const titles = main.flatMap(({ title }) => [
    `${title}: range`,
    ...others.flatMap((other) => (other === undefined ? [] : [`× ${other.name}`])),
  ]);
  return [
    ["", ...titles],
    ...played.map((peer) => [
      peer.name,
      ...main.flatMap(({ figure, better }) => [
        rangeOf(peer, figure),
        ...others.flatMap((other) => {
          if (other === undefined) return [];
          return ratioOf(peer.median[figure], other.median[figure], better)?.toFixed(2) ?? "-";
        }),
      ]),
    ]),
  ];
}

function hasName(peers: readonly PeerResult[], wanted: string): boolean {
  return peers.some(({ name }) => name === wanted);
}

function rangeOf({ rounds }: PeerResult, figure: string): string {
  const values = rounds.map(({ figures }) => figures[figure]).filter((value) => typeof value === "number");
  return values.length === 0 ? "-" : `${show(Math.min(...values))}–${show(Math.max(...values))}`;
}

function show(value: number | null | undefined): string {
  if (value === null || value === undefined) return "-";
  return value >= 1_000 ? Math.round(value).toLocaleString("en-GB") : String(Number(value.toPrecision(3)));
}

function aligned(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width + 3);
      })
      .join("")
      .trimEnd(),
  );
}

function peerLine({ name, version, setup, absent }: PeerResult): string {
  return absent === null ? `${name}: ${setup} (${version ?? "?"})` : `${name}: not played: ${absent}`;
}

function problemLines({ name, rounds }: PeerResult): string[] {
  return rounds.flatMap(({ problems }, round) =>
    problems.map((text) => `PROBLEM ${name}, round ${round + 1}: ${text}`),
  );
}

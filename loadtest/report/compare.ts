import { UsageError } from "../errors.ts";
import type { Summary } from "../summary.ts";
import { BANDS, type FigureKind, judge, type Verdict } from "./bands.ts";
import { figuresOf } from "./figures.ts";

export interface Difference {
  name: string;
  kind: FigureKind;
  before: number;
  after: number;
  verdict: Verdict;
}

export interface Comparison {
  differences: Difference[];
  /** What makes the two runs unlike in more than the code. */
  warnings: string[];
  /** Figures that only one of the runs has. */
  onlyBefore: string[];
  onlyAfter: string[];
}

/** Compares two runs of one scenario figure by figure. @throws UsageError where they are runs of two */
export function compare(before: Summary, after: Summary): Comparison {
  if (before.scenario.name !== after.scenario.name) {
    throw new UsageError(`"${before.scenario.name}" and "${after.scenario.name}" cannot be compared.`);
  }
  const earlier = new Map(figuresOf(before).map((figure) => [figure.name, figure]));
  const later = new Map(figuresOf(after).map((figure) => [figure.name, figure]));
  const differences = [...later.values()].flatMap(({ name, kind, value }) => {
    const known = earlier.get(name);
    if (known === undefined) return [];
    return [{ name, kind, before: known.value, after: value, verdict: judge(kind, known.value, value) }];
  });
  return {
    differences,
    warnings: warningsOf(before, after),
    onlyBefore: [...earlier.keys()].filter((name) => !later.has(name)),
    onlyAfter: [...later.keys()].filter((name) => !earlier.has(name)),
  };
}

/** True where something is worse than its band allows. */
export function isRegression({ differences }: Comparison): boolean {
  return differences.some(({ verdict }) => verdict === "worse");
}

const MARKS: Record<Verdict, string> = { same: "", better: "better", worse: "WORSE" };

/** The differences as a table for the terminal. */
export function formatComparison(comparison: Comparison): string {
  const { differences, warnings, onlyBefore, onlyAfter } = comparison;
  const worse = differences.filter(({ verdict }) => verdict === "worse").length;
  return [
    ...warnings.map((text) => `note: ${text}`),
    line("", "before", "after", "change", "band"),
    ...differences.map(({ name, kind, before, after, verdict }) => {
      const { percent, absolute } = BANDS[kind];
      const band = `±${percent} % or ${absolute}`;
      return `${line(name, String(before), String(after), changeText(before, after), band)}  ${MARKS[verdict]}`.trimEnd();
    }),
    ...(onlyBefore.length > 0 ? [`only in the first: ${onlyBefore.join(", ")}`] : []),
    ...(onlyAfter.length > 0 ? [`only in the second: ${onlyAfter.join(", ")}`] : []),
    "",
    worse === 0 ? "no regression beyond the bands" : `${worse} figures are worse than their bands allow`,
  ].join("\n");
}

function warningsOf(before: Summary, after: Summary): string[] {
  const warnings: string[] = [];
  const told = (what: string, one: unknown, other: unknown) => {
    if (one !== other) warnings.push(`${what} differ: ${String(one)} and ${String(other)}`);
  };
  const { environment: e } = before;
  const { environment: f } = after;
  told("processors", `${e.cpu_model} × ${e.cores}`, `${f.cpu_model} × ${f.cores}`);
  told("kernels", e.kernel, f.kernel);
  told("versions of workerd", e.workerd, f.workerd);
  told("versions of Node", e.node, f.node);
  const { targets: _t, description: _d, ...was } = before.scenario;
  const { targets: _u, description: _e, ...is } = after.scenario;
  for (const key of Object.keys(is) as (keyof typeof is)[]) {
    told(`the scenario's ${key}`, JSON.stringify(was[key]), JSON.stringify(is[key]));
  }
  for (const [name, run] of Object.entries({ first: before, second: after })) {
    if (run.interrupted) warnings.push(`the ${name} run was stopped by hand`);
    if ((run.machine_busy_percent ?? 0) > 90) warnings.push(`all cores were busy during the ${name} run`);
    if (run.generator.cpu_percent > 80) warnings.push(`the generator was the bottleneck of the ${name} run`);
  }
  return warnings;
}

function changeText(before: number, after: number): string {
  if (before === after) return "0 %";
  if (before === 0) return `+${after}`;
  const percent = ((after - before) / Math.abs(before)) * 100;
  return `${percent > 0 ? "+" : ""}${percent.toFixed(1)} %`;
}

function line(name: string, ...cells: string[]): string {
  return `${name.padEnd(34)}${cells.map((cell) => cell.padStart(14)).join("")}`;
}

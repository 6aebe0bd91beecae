import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { linearAxis, logAxis, percentileAxis, percentilePlace } from "../../../loadtest/draw/axes.ts";
import { drawPictures } from "../../../loadtest/draw/pictures.ts";
import { UsageError } from "../../../loadtest/errors.ts";
import { judge } from "../../../loadtest/report/bands.ts";
import { compare, formatComparison, isRegression } from "../../../loadtest/report/compare.ts";
import { readSummary } from "../../../loadtest/report/read.ts";
import type { Summary } from "../../../loadtest/summary.ts";

const results = path.join(import.meta.dirname, "../../../loadtest/results");
const [file = ""] = fs.readdirSync(results).filter((name) => /^baseline-.*\.json$/.test(name));
const baseline = () => readSummary(path.join(results, file));

/** The kept run with every latency of deliveries so many times as long. */
function slower(factor: number): Summary {
  const summary = baseline();
  const figures = summary.deliveries.latency.from_intended;
  if (figures === null) throw new Error("the kept run has no deliveries");
  for (const key of ["p50", "p95", "p99"] as const) figures[key] *= factor;
  return summary;
}

const latency = { from_intended: null, from_start: null, hdr: null };

describe("compare", () => {
  it("finds nothing between a run and itself", () => {
    const comparison = compare(baseline(), baseline());
    expect(isRegression(comparison)).toBe(false);
    expect(comparison.warnings).toEqual([]);
    expect(formatComparison(comparison)).toContain("no regression beyond the bands");
  });

  it("calls it a regression where a figure is worse than its band, and none where it is better", () => {
    const worse = compare(baseline(), slower(2));
    expect(isRegression(worse)).toBe(true);
    expect(worse.differences.filter(({ verdict }) => verdict === "worse").map(({ name }) => name)).toEqual([
      "delivery p50",
      "delivery p95",
      "delivery p99",
    ]);
    expect(formatComparison(worse)).toMatch(/delivery p95 .*\+100\.0 % .*WORSE/);
    expect(isRegression(compare(baseline(), slower(0.5)))).toBe(false);
  });

  it("keeps within the bands what wobbles", () => {
    expect(isRegression(compare(baseline(), slower(1.15)))).toBe(false);
    expect(judge("p95", 2, 4.9)).toBe("same");
    expect(judge("p95", 100, 126)).toBe("worse");
    expect(judge("per_second", 1000, 880)).toBe("worse");
    expect(judge("per_second", 1000, 1200)).toBe("better");
    expect(judge("count", 0, 1)).toBe("worse");
    expect(judge("percent", 100, 99.9)).toBe("worse");
  });

  it("counts a new problem as a regression", () => {
    expect(isRegression(compare(baseline(), { ...baseline(), problems: ["1 dropped deliveries"] }))).toBe(true);
  });

  it("says what else differs, and refuses runs of two scenarios", () => {
    const other = baseline();
    other.environment.cores = 64;
    other.scenario.sockets = 50;
    expect(compare(baseline(), other).warnings).toEqual([
      expect.stringContaining("× 64"),
      expect.stringContaining("sockets differ: 500 and 50"),
    ]);
    other.scenario.name = "soak";
    expect(() => compare(baseline(), other)).toThrow(UsageError);
    expect(() => readSummary(path.join(results, "nothing.json"))).toThrow(/ENOENT/);
    expect(() => readSummary(path.join(import.meta.dirname, "../../../package.json"))).toThrow(/not the summary/);
  });

  it("compares steps, stages and storms", () => {
    const run = (change: number): Summary => ({
      ...baseline(),
      outcome: {
        steps: [
          {
            name: "socket-16",
            wanted_per_second: null,
            in_flight: 16,
            seconds: 10,
            completed: 10,
            failed: 0,
            per_second: 1000 / change,
            latency,
            deliveries: null,
            generator_cpu_percent: 1,
            server_cpu_percent: null,
            good: null,
          },
        ],
        stages: [0, 500].map((sockets) => ({
          sockets,
          open: sockets,
          server_rss_mb: 100 + sockets * change * 0.1,
          kib_per_socket: null,
          server_descriptors: null,
          generator_rss_mb: 50,
        })),
        storm: {
          dropped: 1,
          resumed: 1,
          resynced: 0,
          lost: 0,
          put_off: 0,
          replayed: 1,
          all_resumed_ms: 1000 * change,
          since_drop: latency,
          since_attempt: latency,
        },
      },
    });
    const worse = compare(run(1), run(2)).differences.filter(({ verdict }) => verdict === "worse");
    expect(worse.map(({ name }) => name)).toEqual(["step socket-16", "memory at 500", "all resumed"]);
  });
});

describe("pictures", () => {
  it("draws a line for each kind of operation, on an axis of nines", () => {
    const [picture] = drawPictures([{ name: "a", summary: baseline() }]);
    expect(picture?.suffix).toBe("latency.svg");
    expect(picture?.svg.match(/<g fill/g)).toHaveLength(5);
    for (const text of ["99.9 %", "delivery", "history", "500 sockets"]) expect(picture?.svg).toContain(text);
    expect(picture?.svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("tells two runs apart, and draws memory where there are stages", () => {
    const summary = baseline();
    summary.outcome.stages = [0, 500, 1000].map((sockets) => ({
      sockets,
      open: sockets,
      server_rss_mb: 120 + sockets * 0.1,
      kib_per_socket: 100,
      server_descriptors: null,
      generator_rss_mb: 50,
    }));
    const runs = ["before <1>", "after"].map((name) => ({ name, summary }));
    const pictures = drawPictures(runs);
    expect(pictures.map(({ suffix }) => suffix)).toEqual(["latency.svg", "memory.svg"]);
    expect(pictures[1]?.svg).toContain("server process, before &lt;1&gt;");
    expect(pictures[1]?.svg.match(/<circle/g)).toHaveLength(6);
  });

  it("has axes with round ticks that hold everything", () => {
    expect(linearAxis("x", [0, 730]).ticks.map(({ text }) => text)).toEqual(["0", "200", "400", "600", "800"]);
    expect(logAxis("y", [0.5, 130])).toMatchObject({ from: -1, to: 3 });
    expect(percentilePlace(99)).toBeCloseTo(2, 6);
    expect(percentileAxis(99.5).ticks.at(-1)?.text).toBe("99.9 %");
  });
});

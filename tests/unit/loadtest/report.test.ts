import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { GeneratorSampler } from "../../../loadtest/measure/generator-sampler.ts";
import { DeliveryLedger } from "../../../loadtest/measure/ledger.ts";
import { Recorder } from "../../../loadtest/measure/recorder.ts";
import { summarize } from "../../../loadtest/report/summarize.ts";
import { formatTable } from "../../../loadtest/report/table.ts";
import { defaultPath, writeSummary } from "../../../loadtest/report/write.ts";
import { loadScenario } from "../../../loadtest/scenario.ts";
import { type Summary, summarySchema } from "../../../loadtest/summary.ts";

function summaryOf(prepare: (recorder: Recorder) => void): Summary {
  const recorder = new Recorder();
  prepare(recorder);
  const generator = new GeneratorSampler();
  generator.start();
  generator.stop();
  const samples = {
    second: [1, 2],
    phase: ["idle" as const, "run" as const],
    rss_mb: [40, 50],
    cpu_percent: [0, 12.5],
  };
  const figures = { idle: 40, connected: null, median: 50, peak: 50 };
  return summarize({
    scenario: loadScenario("baseline"),
    target: { baseUrl: new URL("http://127.0.0.1:8787"), credential: "pk_test:sk_secret", loopback: true },
    startedAt: new Date("2026-11-24T03:04:05Z"),
    measuredSeconds: 300,
    interrupted: false,
    recorder,
    deliveries: new DeliveryLedger().summary(),
    server: { pid: 1, command: "workerd", ended_during_run: false, rss_mb: figures, cpu_percent: figures, samples },
    generator: generator.summary(),
    machineBusyPercent: 12,
    outcome: {},
  });
}

const opened = (recorder: Recorder) => Object.assign(recorder.upgrades, { attempted: 500, succeeded: 500 });

describe("a summary", () => {
  it("judges each target on the time from the intended moment", () => {
    const summary = summaryOf((recorder) => {
      opened(recorder);
      recorder.sends.attempted = 1;
      recorder.send.record(0, 45, 50);
      recorder.delivery.record(0, 0, 20);
    });
    expect(summary.targets.map(({ metric, met }) => [metric, met])).toEqual([
      ["upgrade_success_percent", true],
      ["send_p95_ms", false],
      ["delivery_p95_ms", true],
      ["history_p95_ms", null],
    ]);
    expect(summary.problems).toEqual([]);
    expect(summary.rates).toEqual({ pings_per_second: 50, messages_per_second: 3.33, deliveries_per_second: 163.33 });
  });

  it("is no clean one where nothing ran", () => {
    expect(summaryOf(() => {}).problems).toEqual([
      "no message was sent: the run was too short",
      "no socket was opened",
    ]);
  });

  it("comes back from its file, holds no secret, and keeps samples on one line", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "kabar-load-"));
    const file = path.join(folder, "deeper", "a.json");
    const summary = summaryOf(opened);
    writeSummary(summary, file);
    const text = readFileSync(file, "utf8");
    expect(summarySchema.parse(JSON.parse(text))).toEqual(summary);
    expect(text).not.toContain("sk_secret");
    expect(text).toContain('"phase": ["idle","run"]');
    rmSync(folder, { recursive: true });
  });

  it("is kept by scenario and date", () => {
    expect(path.basename(defaultPath(summaryOf(opened)))).toBe("baseline-2026-11-24-030405.json");
  });
});

describe("the table", () => {
  it("says of every target whether it is met, and names every problem", () => {
    const text = formatTable(
      summaryOf((recorder) => {
        Object.assign(recorder.upgrades, { attempted: 500, succeeded: 499 });
        recorder.error("upgrade", "UNAUTHORIZED", "no");
        recorder.send.record(0, 0, 20);
      }),
    );
    expect(text).toMatch(/upgrades that succeed .*99\.8 +MISSED/);
    expect(text).toMatch(/send return p95 .*met/);
    expect(text).toMatch(/history of 50 p95 .*not measured/);
    expect(text).toContain("PROBLEM 1 failed upgrades");
    expect(text).toContain("upgrade UNAUTHORIZED × 1: no");
  });
});

import fs from "node:fs";
import type { SerializedError } from "vitest";
import type { Reporter, TestModule, TestRunEndReason } from "vitest/node";

/** Numbers of one run; a suite that failed outside of its tests and an unhandled error count as one failed test each. */
export interface Summary {
  passed: number;
  failed: number;
  skipped: number;
}

/** Prints `N passed, N failed[, N skipped]` as the very last line of the process. */
export default class SummaryReporter implements Reporter {
  /** Before any result: a run that ends without one has failed. */
  #summary: Summary = { passed: 0, failed: 1, skipped: 0 };

  constructor() {
    // On exit, and synchronously: the other reporters and vitest itself still write after the last event.
    process.once("exit", () => fs.writeSync(process.stdout.fd, `${formatSummary(this.#summary)}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[], reason: TestRunEndReason): void {
    this.#summary = summarize(modules, errors.length, reason);
  }
}

/** Counts a run's tests. */
export function summarize(modules: readonly TestModule[], unhandled: number, reason: TestRunEndReason): Summary {
  const summary: Summary = { passed: 0, failed: unhandled, skipped: 0 };
  for (const module of modules) {
    if (module.errors().length > 0) summary.failed++;
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) summary.failed++;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") summary.passed++;
      else if (state === "failed") summary.failed++;
      else summary.skipped++;
    }
  }
  // Whatever vitest calls a failure must not look like a success here.
  if (reason !== "passed" && summary.failed === 0) summary.failed = 1;
  return summary;
}

/** The line itself. */
export function formatSummary({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

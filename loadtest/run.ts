import { runCommand } from "./command.ts";
import { writePictures } from "./draw/write.ts";
import { UsageError } from "./errors.ts";
import { readOptions, usage } from "./options.ts";
import { compare, formatComparison, isRegression } from "./report/compare.ts";
import { readSummary } from "./report/read.ts";
import { formatTable } from "./report/table.ts";
import { writeSummary } from "./report/write.ts";
import { play } from "./run/driver.ts";
import { loadScenario } from "./scenario.ts";
import { findTarget } from "./target.ts";

/**
 * `npm run load -- <scenario>`: 0 for a clean run, 1 where something was lost, doubled or refused, 2 for a wrong call.
 * `compare`: 1 where the second run is worse than the bands allow.
 */
async function main(args: string[]): Promise<number> {
  const [command, ...files] = args;
  if (command === "compare") return compareFiles(files);
  if (command === "draw") return drawFiles(files);
  return await runScenario(args);
}

async function runScenario(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    console.log(usage);
    return 0;
  }
  const scenario = loadScenario(options.scenario, options);
  const target = findTarget(options);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const summary = await play(scenario, target, { log: (line) => console.log(line), signal: stop.signal });
  const file = writeSummary(summary, options.out);
  const pictures = writePictures([{ file, summary }]);
  console.log(`\n${formatTable(summary)}\n\nwritten to ${[file, ...pictures].join(", ")}`);
  return summary.problems.length === 0 ? 0 : 1;
}

function compareFiles(files: string[]): number {
  const [before, after, ...rest] = files;
  if (before === undefined || after === undefined || rest.length > 0) throw new UsageError("compare takes two files.");
  const comparison = compare(readSummary(before), readSummary(after));
  console.log(formatComparison(comparison));
  return isRegression(comparison) ? 1 : 0;
}

function drawFiles(files: string[]): number {
  if (files.length === 0) throw new UsageError("draw takes at least one file.");
  const written = writePictures(files.map((file) => ({ file, summary: readSummary(file) })));
  console.log(written.length === 0 ? "there is nothing to draw" : `written to ${written.join(", ")}`);
  return 0;
}

await runCommand(main, usage);

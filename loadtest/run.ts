import { LoadError, UsageError } from "./errors.ts";
import { readOptions, usage } from "./options.ts";
import { formatTable } from "./report/table.ts";
import { writeSummary } from "./report/write.ts";
import { play } from "./run/driver.ts";
import { loadScenario } from "./scenario.ts";
import { findTarget } from "./target.ts";

/** `npm run load -- <scenario>`: 0 for a clean run, 1 where something was lost, doubled or refused, 2 for a wrong call. */
async function main(args: string[]): Promise<number> {
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
  const written = writeSummary(summary, options.out);
  console.log(`\n${formatTable(summary)}\n\nwritten to ${written}`);
  return summary.problems.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
  else console.error(error instanceof LoadError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

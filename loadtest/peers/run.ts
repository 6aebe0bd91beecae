import { runCommand } from "../command.ts";
import { readPeersOptions, usage } from "./options.ts";
import { peersOf, worksOf } from "./registry.ts";
import { compare } from "./rounds.ts";
import { formatComparison } from "./table.ts";
import { writeComparison } from "./write.ts";

/** `npm run peers`: 0, 1 where something was lost, doubled or failed, 2 for a wrong call. */
async function main(args: string[]): Promise<number> {
  const options = readPeersOptions(args);
  if (options === undefined) {
    console.log(usage);
    return 0;
  }
  const works = worksOf(options.work);
  const peers = peersOf(options.only);
  const stop = new AbortController();
  process.once("SIGINT", () => {
    console.log("stopping; once more ends at once");
    stop.abort();
    process.once("SIGINT", () => process.exit(130));
  });
  process.once("SIGTERM", () => stop.abort());
  let problems = 0;
  for (const work of works) {
    if (stop.signal.aborted) break;
    const comparison = await compare(work, peers, {
      ...options,
      seconds: options.seconds ?? work.seconds,
      signal: stop.signal,
      log: (line) => console.log(line),
    });
    if (comparison.peers.every(({ rounds }) => rounds.length === 0)) {
      console.log(`\n${formatComparison(comparison, work)}\n\nnothing was measured, and nothing is written\n`);
      continue;
    }
    const files = writeComparison(comparison, work, options.out);
    console.log(`\n${formatComparison(comparison, work)}\n\nwritten to ${files.join(", ")}\n`);
    problems += comparison.peers.flatMap(({ rounds }) => rounds.flatMap((round) => round.problems)).length;
  }
  return problems === 0 && !stop.signal.aborted ? 0 : 1;
}

await runCommand(main, usage);

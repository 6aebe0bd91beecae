import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { runCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { readEnvironment } from "../measure/environment.ts";
import { median, round } from "../measure/numbers.ts";
import { row } from "../report/row.ts";
import { printJson } from "../report/write.ts";
import { activeMs } from "./profile.ts";
import { judge, type MeasuredWorker, type StartupResult, startupResultSchema } from "./result.ts";
import { bundleSize, createEmptyProject, kabarProject, profileStart, type WorkerProject } from "./wrangler.ts";

const usage = `Usage: npm run startup -- [options]

  --rounds <n>   starts of each Worker, in alternation (default: 5)
  --out <file>   where the JSON goes (default: loadtest/results/startup-<date>.json)
`;

const results = path.join(import.meta.dirname, "..", "results");

/** `npm run startup`: 0 where the targets are met, 1 where they are not or nothing could be measured, 2 for a wrong call. */
async function main(args: string[]): Promise<number> {
  const { rounds, out } = readOptions(args);
  const started = new Date().toISOString();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kabar-startup-"));
  try {
    const [empty, kabar] = await measure(folder, rounds);
    const result: StartupResult = {
      tool: "startup",
      started_at: started,
      environment: readEnvironment(true),
      empty,
      kabar,
      targets: judge(kabar),
    };
    const file = out ?? path.join(results, `startup-${started.slice(0, 10)}.json`);
    fs.writeFileSync(file, `${printJson(startupResultSchema.parse(result))}\n`);
    console.log(`\n${format(result)}\n\nwritten to ${path.relative(process.cwd(), path.resolve(file))}`);
    return result.targets.every(({ met }) => met) ? 0 : 1;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The empty Worker and Kabar's. */
async function measure(folder: string, rounds: number): Promise<[empty: MeasuredWorker, kabar: MeasuredWorker]> {
  const emptyFolder = path.join(folder, "empty");
  fs.mkdirSync(emptyFolder);
  const begin = async (project: WorkerProject, name: string) => {
    const out = path.join(folder, name);
    return { project, out, figures: { ...(await bundleSize(project, out)), active_ms: [] as number[] } };
  };
  const empty = await begin(createEmptyProject(emptyFolder), "empty-bundle");
  const kabar = await begin(kabarProject, "kabar-bundle");
  for (let turn = 0; turn < rounds; turn++) {
    for (const worker of [empty, kabar]) {
      worker.figures.active_ms.push(round(activeMs(await profileStart(worker.project, worker.out)), 1));
    }
    console.log(
      `round ${turn + 1}: empty ${empty.figures.active_ms.at(-1)} ms, Kabar ${kabar.figures.active_ms.at(-1)} ms`,
    );
  }
  return [empty.figures, kabar.figures];
}

function format({ empty, kabar, targets }: StartupResult): string {
  const line = (name: string, { bytes, gzip_bytes, active_ms }: MeasuredWorker) =>
    row([
      name,
      round(bytes / 1024, 0),
      round(gzip_bytes / 1024, 0),
      round(median(active_ms), 1),
      Math.min(...active_ms),
    ]);
  return [
    row(["", "KiB", "KiB gzip", "ms, median", "ms, least"]),
    line("empty Worker", empty),
    line("Kabar", kabar),
    "",
    ...targets.map(
      ({ name, below, measured, met }) =>
        `target  ${name.padEnd(28)}< ${below}   ${measured}   ${met ? "met" : "MISSED"}`,
    ),
  ].join("\n");
}

function readOptions(args: string[]): { rounds: number; out: string | undefined } {
  const { rounds, out } = parse(args);
  const count = Number(rounds ?? 5);
  if (!Number.isInteger(count) || count < 1) throw new UsageError("--rounds must be a whole number above 0.");
  return { rounds: count, out };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: { rounds: { type: "string" }, out: { type: "string" } } }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

await runCommand(main, usage);

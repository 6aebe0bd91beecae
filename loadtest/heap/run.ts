import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { runCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { readEnvironment } from "../measure/environment.ts";
import { printJson } from "../report/write.ts";
import { startBare } from "./bare.ts";
import { startKabar } from "./kabar.ts";
import { measureHeap } from "./measure.ts";
import { type HeapResult, heapResultSchema, judge } from "./result.ts";
import type { HeapServer } from "./server.ts";
import { formatHeap } from "./table.ts";

const usage = `Usage: npm run heap -- [options]

  --sockets <n,n,…>  sockets of one workspace at each stage (default: 500,1000,5000)
  --no-kinds         take no heap snapshots: faster, but the table does not say what the bytes are
  --out <file>       where the JSON goes (default: loadtest/results/heap-<date>.json)
`;

const results = path.join(import.meta.dirname, "..", "results");

/** `npm run heap`: 0 where the targets are met, 1 where they are not or nothing could be measured, 2 for a wrong call. */
async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  const started = new Date().toISOString();
  const measure = async (name: string, start: (folder: string) => Promise<HeapServer>) => {
    console.log(`${name} …`);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kabar-heap-"));
    try {
      const server = await start(folder);
      try {
        return await measureHeap(server, { ...options, log: (line) => console.log(`  ${line}`) });
      } finally {
        await server.stop();
      }
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  };
  const bare = await measure("bare object", startBare);
  const kabar = await measure("Kabar", startKabar);
  const result: HeapResult = {
    tool: "heap",
    started_at: started,
    environment: readEnvironment(true),
    bare,
    kabar,
    ...judge(bare, kabar),
  };
  const file = options.out ?? path.join(results, `heap-${started.slice(0, 10)}.json`);
  fs.writeFileSync(file, `${printJson(heapResultSchema.parse(result))}\n`);
  console.log(`\n${formatHeap(result)}\n\nwritten to ${path.relative(process.cwd(), path.resolve(file))}`);
  return result.targets.every(({ met }) => met !== false) ? 0 : 1;
}

function readOptions(args: string[]): { sockets: number[]; kinds: boolean; out: string | undefined } {
  const values = parse(args);
  const sockets = (values.sockets ?? "500,1000,5000").split(",").map(Number);
  const rising = sockets.every((count, index) => Number.isInteger(count) && count > (sockets[index - 1] ?? 0));
  if (!rising) throw new UsageError("--sockets must be whole numbers that rise.");
  return { sockets, kinds: values["no-kinds"] !== true, out: values.out };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: { sockets: { type: "string" }, "no-kinds": { type: "boolean" }, out: { type: "string" } },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

await runCommand(main, usage);

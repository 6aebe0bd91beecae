import fs from "node:fs";
import path from "node:path";
import { printJson } from "../report/write.ts";
import { drawComparison } from "./picture.ts";
import { type Comparison, comparisonSchema } from "./result-schema.ts";
import type { Work } from "./works/work.ts";

const results = path.join(import.meta.dirname, "..", "results");

/** Writes `peers-<work>-<date>.json`, and a picture of the fan-out beside it; answers the files. */
export function writeComparison(comparison: Comparison, work: Work, folder: string = results): string[] {
  const date = comparison.started_at.slice(0, 19).replaceAll(":", "").replace("T", "-");
  const base = path.resolve(folder, `peers-${comparison.work}-${date}`);
  fs.mkdirSync(path.dirname(base), { recursive: true });
  fs.writeFileSync(`${base}.json`, `${printJson(comparisonSchema.parse(comparison))}\n`);
  const svg = work.name === "fanout" ? drawComparison(comparison, work) : undefined;
  if (svg !== undefined) fs.writeFileSync(`${base}.svg`, svg);
  const files = [`${base}.json`, ...(svg === undefined ? [] : [`${base}.svg`])];
  return files.map((file) => path.relative(process.cwd(), file));
}

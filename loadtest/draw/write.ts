import fs from "node:fs";
import path from "node:path";
import type { Summary } from "../summary.ts";
import { drawPictures } from "./pictures.ts";

/** Draws runs into files beside the first one's summary; answers where, relative to the working folder. */
export function writePictures(runs: readonly { file: string; summary: Summary }[]): string[] {
  const [first] = runs;
  if (first === undefined) return [];
  const base = path.resolve(first.file).replace(/\.json$/, "");
  const named = runs.map(({ file, summary }) => ({ name: path.basename(file, ".json"), summary }));
  return drawPictures(named).map(({ suffix, svg }) => {
    const file = `${base}.${suffix}`;
    fs.writeFileSync(file, svg);
    return path.relative(process.cwd(), file);
  });
}

import fs from "node:fs";
import { z } from "zod";
import { systemCode, UsageError } from "../errors.ts";
import { type Summary, summarySchema } from "../summary.ts";

/** Reads the summary of a run. @throws UsageError where there is none */
export function readSummary(file: string): Summary {
  let json: unknown;
  try {
    json = JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`unable to read ${file}; because ${systemCode(error, "it is not JSON")}`);
  }
  const read = summarySchema.safeParse(json);
  if (!read.success) throw new UsageError(`${file} is not the summary of a run: ${z.prettifyError(read.error)}`);
  return read.data;
}

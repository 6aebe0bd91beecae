import fs from "node:fs";

/**
 * Memory of a process in which each page counts by its share of it: what four processes share is a quarter in each
 * (`Pss` of proc(5)). Undefined where it cannot be read.
 */
export function proportionalMb(pid: number): number | undefined {
  try {
    const kb = /^Pss:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch {
    return undefined;
  }
}

import fs from "node:fs";

/**
 * Descriptors kept free for everything that is no socket of the run: the tool's own requests and what the server opens for them. workerd
 * ends when it has none left.
 */
const RESERVE = 256;

/** How many descriptors a process may have open at most; undefined without `/proc`. */
export function descriptorLimit(pid: number | "self"): number | undefined {
  try {
    const limits = fs.readFileSync(`/proc/${pid}/limits`, "utf8");
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
    return soft === undefined ? undefined : soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return undefined;
  }
}

/** How many descriptors a process has open; undefined without `/proc`. */
export function openDescriptors(pid: number | "self"): number | undefined {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

/**
 * How many sockets a process can hold, by what each of the first ones cost it: a server behind a front holds each
 * client twice.
 *
 * @param before descriptors that were open without any socket
 * @param now descriptors that are open with `sockets` of them
 */
export function socketCapacity(limit: number, before: number, now: number, sockets: number): number {
  const each = Math.max(1, (now - before) / sockets);
  return Math.floor((limit - before - RESERVE) / each);
}

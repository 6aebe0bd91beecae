import fs from "node:fs";
import { UsageError } from "../errors.ts";

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
 * client twice. That is a whole number, though other connections have come and gone meanwhile.
 *
 * @param before descriptors that were open without any socket
 * @param now descriptors that are open with `sockets` of them
 */
export function socketCapacity(limit: number, before: number, now: number, sockets: number): number {
  const each = sockets === 0 ? 1 : Math.max(1, Math.round((now - before) / sockets));
  return sockets + Math.floor((limit - now - RESERVE) / each);
}

/** Descriptors that one socket takes of a local server, which holds each client twice: at its front and in the object. */
const EACH_AT_SERVER = 2;

/**
 * Checks that the tool, and the server where it is known, may open as many sockets.
 *
 * @param own limit of descriptors of this process, undefined where it is not known; `server` likewise
 * @throws UsageError where a limit of descriptors is in the way: at its end connections fail for a reason that is not the server's
 */
export function requireRoom(sockets: number, own: number | undefined, server: number | undefined): void {
  const rooms = [
    { who: "this process", limit: own, each: 1 },
    { who: "the server", limit: server, each: EACH_AT_SERVER },
  ];
  for (const { who, limit, each } of rooms) {
    if (limit === undefined || sockets * each + RESERVE <= limit) continue;
    throw new UsageError(
      `${sockets} sockets need ${sockets * each + RESERVE} descriptors and ${who} may open ${limit}: raise its limit (ulimit -n), or take fewer.`,
    );
  }
}

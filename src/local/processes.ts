import { execFileSync } from "node:child_process";
import fs from "node:fs";

/** True while a process with this id exists (zombies do not count). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists but belongs to somebody else.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return statOf(pid)?.state !== "Z";
}

/** Command line of a process, or "" when it cannot be read. */
export function commandOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return ps(pid, "command=");
  }
}

/** A mark of one process's start, so that a recycled process id is not taken for the old process. */
export function startMark(pid: number): string {
  return statOf(pid)?.startTime ?? ps(pid, "lstart=");
}

/** Ends one process: the given signal, then SIGKILL when it is still there after the grace time. */
export async function endProcess(pid: number, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (!send(pid, signal)) return;
  if (await isGone(pid, graceMs)) return;
  send(pid, "SIGKILL");
  await isGone(pid, 5_000);
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function isGone(pid: number, timeoutMs: number): Promise<boolean> {
  const until = Date.now() + timeoutMs;
  while (Date.now() < until) {
    if (!isAlive(pid)) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return !isAlive(pid);
}

function statOf(pid: number): { state: string; startTime: string } | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the name in brackets and may hold spaces: count fields after the last bracket.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", startTime: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string {
  try {
    return execFileSync("ps", ["-o", column, "-p", String(pid)], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return "";
  }
}

import fs from "node:fs";
import path from "node:path";
import { commandOf, endProcess, isAlive, startMark } from "./processes.ts";

/** Names of the processes that a stack starts, with the signal that stops each of them cleanly. */
const STOP_SIGNALS = { postgres: "SIGINT", redis: "SIGTERM", workerd: "SIGTERM" } as const;

export type PartName = keyof typeof STOP_SIGNALS;

/** Folder with one `<part>.pid` file per running process of this stack. */
export function runFolder(dataDir: string): string {
  return path.join(dataDir, "run");
}

/** Path of a part's pid file. */
export function pidFile(dataDir: string, part: PartName): string {
  return path.join(runFolder(dataDir), `${part}.pid`);
}

/** Notes that a part runs, so that a later start can end it if this process dies without stopping it. */
export function writePid(dataDir: string, part: PartName, pid: number): void {
  fs.mkdirSync(runFolder(dataDir), { recursive: true });
  fs.writeFileSync(pidFile(dataDir, part), `${pid}\n${startMark(pid)}\n`);
}

/** Process id in a part's file, if that very process still runs. */
export function readPid(dataDir: string, part: PartName): number | undefined {
  let lines: string[];
  try {
    lines = fs.readFileSync(pidFile(dataDir, part), "utf8").split("\n");
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return undefined;
  const mark = lines[1] ?? "";
  // workerd's file is written by its launcher, which knows no start mark: then the name of the program must fit.
  const same = mark !== "" ? mark === startMark(pid) : commandOf(pid).includes(part);
  return same ? pid : undefined;
}

export function removePid(dataDir: string, part: PartName): void {
  fs.rmSync(pidFile(dataDir, part), { force: true });
}

/** Ends what a killed run left behind. Returns the names of the parts that had to be ended. */
export async function endLeftovers(dataDir: string): Promise<PartName[]> {
  const ended: PartName[] = [];
  for (const part of Object.keys(STOP_SIGNALS) as PartName[]) {
    const pid = readPid(dataDir, part);
    if (pid !== undefined) {
      await endProcess(pid, STOP_SIGNALS[part], 8_000);
      ended.push(part);
    }
    removePid(dataDir, part);
  }
  return ended;
}

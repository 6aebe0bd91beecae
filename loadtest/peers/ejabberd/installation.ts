import fs from "node:fs";
import path from "node:path";
import { findProgram } from "../server/native.ts";

/** ejabberd as Debian installs it. */
export interface Installation {
  /** The Erlang run-time. */
  erl: string;
  /** Folder with ejabberd's code in it. */
  libraries: string;
  version: string;
}

/** Undefined where it is not installed. */
export function findEjabberd(): Installation | undefined {
  const [control, erl] = [findProgram("ejabberdctl"), findProgram("erl")];
  if (control === undefined || erl === undefined) return undefined;
  const libraries = /^ERL_LIBS='([^']+)'/m.exec(fs.readFileSync(control, "utf8"))?.[1];
  if (libraries === undefined) return undefined;
  const version = versionIn(libraries);
  return version === undefined ? undefined : { erl, libraries, version };
}

/** Whether Erlang can use SQLite. */
export function hasSqlite({ erl }: Installation): boolean {
  const lib = path.join(path.dirname(fs.realpathSync(erl)), "../lib");
  return fs.existsSync(lib) && fs.readdirSync(lib).some((name) => name.startsWith("p1_sqlite3"));
}

function versionIn(libraries: string): string | undefined {
  for (const name of fs.readdirSync(libraries)) {
    const file = path.join(libraries, name, "ebin/ejabberd.app");
    if (!name.startsWith("ejabberd-") || !fs.existsSync(file)) continue;
    const version = /\{vsn,\s*"([^"]+)"\}/.exec(fs.readFileSync(file, "utf8"))?.[1];
    if (version !== undefined) return version;
  }
  return undefined;
}

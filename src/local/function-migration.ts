import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { FUNCTIONS } from "../data/functions.ts";
import { projectRoot } from "./root.ts";

const SEPARATOR = "--> statement-breakpoint";
const FOLDER = path.join(projectRoot, "drizzle");

/** Functions of the database that the migrations do not make as they are now. */
export function changedFunctions(): string[] {
  const made = new Map<string, string>();
  for (const file of migrations()) {
    for (const statement of fs.readFileSync(path.join(FOLDER, file), "utf8").split(SEPARATOR)) {
      const name = nameOf(statement);
      if (name !== undefined) made.set(name, statement.trim());
    }
  }
  return FUNCTIONS.filter((text) => made.get(nameOf(text) ?? "") !== text);
}

function migrations(): string[] {
  return fs
    .readdirSync(FOLDER)
    .filter((file) => file.endsWith(".sql"))
    .sort();
}

function nameOf(statement: string): string | undefined {
  return /CREATE OR REPLACE FUNCTION (\w+)/.exec(statement)?.[1];
}

/** Adds a migration that makes them, where there are any; drizzle-kit, which knows tables only, keeps its books. */
if (import.meta.main) {
  const changed = changedFunctions();
  if (changed.length > 0) {
    execFileSync("drizzle-kit", ["generate", "--custom", "--name", "functions"], {
      cwd: projectRoot,
      stdio: "inherit",
    });
    const file = path.join(FOLDER, migrations().at(-1) ?? "");
    fs.writeFileSync(file, `${changed.join(`\n${SEPARATOR}\n`)}\n`);
  }
}

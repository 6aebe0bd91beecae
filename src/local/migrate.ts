import fs from "node:fs";
import path from "node:path";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate as applyFolder } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import { messageOf, StackError } from "./errors.ts";
import { reportAndExit } from "./report.ts";
import { projectRoot } from "./root.ts";

/** Any number: two migrations at a time wait for each other on it. */
const LOCK_KEY = 7_241_990;

/** Applies the folder drizzle/ to a database; what is applied already is left alone. */
export async function migrate(databaseUrl: string): Promise<void> {
  const migrationsFolder = path.join(projectRoot, "drizzle");
  if (!fs.existsSync(path.join(migrationsFolder, "meta", "_journal.json"))) {
    throw new StackError("drizzle/meta/_journal.json is missing: run npx drizzle-kit generate.");
  }
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT pg_advisory_lock($1)", [LOCK_KEY]);
    // "relation already exists, skipping" is no news.
    await client.query("SET client_min_messages = warning");
    await applyFolder(drizzle(client), { migrationsFolder });
  } catch (error) {
    const reason = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
    throw new StackError(`The database could not be migrated: ${reason}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

if (import.meta.main) {
  const databaseUrl = process.argv[2] ?? process.env.KABAR_POSTGRES_URL ?? process.env.DATABASE_URL;
  if (!databaseUrl) {
    reportAndExit(new StackError("Which database? Run npm run migrate -- <postgres url>, or set DATABASE_URL."));
  } else {
    await migrate(databaseUrl).then(() => console.log("The database is up to date."), reportAndExit);
  }
}

import fs from "node:fs";
import path from "node:path";
import pg from "pg";
import { messageOf, StackError } from "./errors.ts";
import { reportAndExit } from "./report.ts";
import { projectRoot } from "./root.ts";

/** Any number: two migrations at a time wait for each other on it. */
const LOCK_KEY = 7_241_990;

/** Applies the folder drizzle/ to a database; what is applied already is left alone. */
export async function migrate(databaseUrl: string): Promise<void> {
  const migrationsFolder = path.join(projectRoot, "drizzle");
  const newest = newestMigration(path.join(migrationsFolder, "meta", "_journal.json"));
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT pg_advisory_lock($1)", [LOCK_KEY]);
    if ((await appliedUntil(client)) === newest) return;
    // drizzle is slow to load, and most starts have nothing to apply.
    const { drizzle } = await import("drizzle-orm/node-postgres");
    const { migrate: applyFolder } = await import("drizzle-orm/node-postgres/migrator");
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

/** Time of the newest migration in the folder; drizzle applies those that are newer than the newest applied one. */
function newestMigration(journalFile: string): number {
  try {
    const journal = JSON.parse(fs.readFileSync(journalFile, "utf8")) as { entries: { when: number }[] };
    return Math.max(...journal.entries.map(({ when }) => when));
  } catch {
    throw new StackError("drizzle/meta/_journal.json is missing or broken: restore it.");
  }
}

async function appliedUntil(client: pg.Client): Promise<number | undefined> {
  const exists = await client.query("SELECT to_regclass('drizzle.__drizzle_migrations') AS found");
  if (exists.rows[0]?.found === null) return undefined;
  const { rows } = await client.query("SELECT max(created_at) AS newest FROM drizzle.__drizzle_migrations");
  return rows[0]?.newest === null ? undefined : Number(rows[0]?.newest);
}

if (import.meta.main) {
  const databaseUrl = process.argv[2] ?? process.env.KABAR_POSTGRES_URL ?? process.env.DATABASE_URL;
  if (!databaseUrl) {
    reportAndExit(new StackError("Which database? Run npm run migrate -- <postgres url>, or set DATABASE_URL."));
  } else {
    await migrate(databaseUrl).then(() => console.log("The database is up to date."), reportAndExit);
  }
}

import { once } from "node:events";
import type { Writable } from "node:stream";
import type { SQL } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import type { Db, Rows } from "../data/db.ts";
import { type ExportPlace, exportWorkspace, lineOf } from "../data/export.ts";
import { OperatorError } from "./workspaces.ts";

/**
 * Writes everything of a workspace as NDJSON, as it was at one moment. Straight from Postgres, which is at most a few seconds behind what
 * was acknowledged; the API's export waits for those.
 */
export async function exportTo(databaseUrl: string, workspaceId: string, out: Writable): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query("begin isolation level repeatable read, read only");
    const found = await client.query("select from workspaces where id = $1", [workspaceId]);
    if (found.rowCount === 0) throw new OperatorError("no such workspace: see `kabar workspace list`");
    const read = exportWorkspace(database(client), workspaceId);
    for (let place: ExportPlace | undefined = [0]; place !== undefined; ) {
      const page = await read(place);
      if (!out.write(page.ndjson)) await once(out, "drain");
      place = page.next;
    }
    out.write(lineOf("end", {}));
  } finally {
    await client.end();
  }
}

/** The driver of the command line in the place of the Worker's. */
function database(client: pg.Client): Db {
  const db = drizzle(client);
  return {
    // Both drivers return what the statement's own columns are; neither can know their types.
    execute: <Row extends Record<string, unknown>>(query: SQL) => db.execute(query) as unknown as Promise<Rows<Row>>,
    batch: () => Promise.reject(new Error("an export only reads")),
  };
}

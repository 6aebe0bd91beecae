import type { SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import pg from "pg";
import type { Db } from "../../src/data/db.ts";

/** A statement as the driver hands it to Postgres. */
export interface Statement {
  text: string;
  values: unknown[];
}

/** The one statement of a read. */
export async function statementOf(read: (db: Db) => Promise<unknown>): Promise<Statement> {
  let statement: Statement | undefined;
  const execute = async (query: SQL) => {
    const { sql, params } = new PgDialect().sqlToQuery(query);
    statement = { text: sql, values: params };
    return { rows: [] };
  };
  await read({ execute, batch: () => Promise.reject(new Error("a read is one statement")) });
  if (statement === undefined) throw new Error("nothing was read");
  return statement;
}

/** How many blocks of tables and indexes Postgres looks at for a statement. */
export async function blocksOf(database: pg.Client, { text, values }: Statement): Promise<number> {
  const { rows } = await database.query(`explain (analyze, buffers, format json) ${text}`, values);
  const { Plan: plan } = rows[0]["QUERY PLAN"][0];
  return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
}

/** How many plans Postgres makes each time that one session gets the same statement, as Neon gives it: without a name. */
export async function plansOf(databaseUrl: string, statement: Statement, times: number): Promise<number[]> {
  const session = new pg.Client({ connectionString: databaseUrl });
  let plans = 0;
  session.on("notice", ({ message }) => {
    if (message === "PLANNER STATISTICS") plans++;
  });
  await session.connect();
  await session.query("set log_planner_stats = on; set client_min_messages = log");
  const made: number[] = [];
  for (let time = 0; time < times; time++) {
    plans = 0;
    await session.query(statement);
    made.push(plans);
  }
  await session.end();
  return made;
}

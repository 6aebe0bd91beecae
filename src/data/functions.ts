import type { SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { ARCHIVE } from "./archive-function.ts";
import { HISTORY_COLUMNS, HISTORY_COPY, LAST_REPLIERS, QUOTED_MESSAGE } from "./history-functions.ts";

/**
 * The functions of the database, in the order in which they need each other, as statements of a migration (a test compares). Neon's HTTP
 * endpoint hands every statement to Postgres as one never seen before, and planning a page or an archive batch takes it several times as
 * long as running it. PL/pgSQL keeps the plans of what is inside a function as long as the session lives, and Neon keeps sessions.
 *
 * The Worker of an earlier deploy goes on calling them during and after a migration: what changes parameters or columns needs a new name.
 */
export const FUNCTIONS: readonly string[] = [QUOTED_MESSAGE, LAST_REPLIERS, HISTORY_COLUMNS, HISTORY_COPY, ARCHIVE].map(
  textOf,
);

function textOf(statement: SQL): string {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);
  if (params.length > 0) throw new Error("the text of a function has no parameters");
  return text;
}

import type { IncomingHttpHeaders } from "node:http";
import pg from "pg";
import { type Door, openDoor, readBody, sendJson } from "./door.ts";
import { codeOf, messageOf } from "./errors.ts";
import { beginStatement } from "./neon-batch.ts";

interface NeonQuery {
  query: string;
  params?: (string | null)[];
  arrayMode?: boolean;
}

/** What Neon's driver copies from an error body. */
const ERROR_FIELDS = [
  "severity",
  "code",
  "detail",
  "hint",
  "position",
  "internalPosition",
  "internalQuery",
  "where",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
  "file",
  "line",
  "routine",
] as const;

/** Text as Postgres sent it: the driver does the parsing (`Neon-Raw-Text-Output`). */
const RAW_TEXT = { getTypeParser: () => (text: string) => text };

export interface NeonDoorOptions {
  port: number;
  databaseUrl: string;
  poolSize?: number;
}

/**
 * Opens an HTTP door that speaks the protocol of Neon's serverless driver (`POST /sql`, single and batch) in front of
 * any Postgres. Its address goes into `neonConfig.fetchEndpoint`. As Neon does, it gives Postgres every statement without a name, to be
 * parsed and planned anew.
 */
export async function openNeonDoor(options: NeonDoorOptions): Promise<Door> {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: options.poolSize ?? 16,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: 5_000,
    application_name: "kabar-neon-door",
  });
  // An idle connection that breaks (Postgres stopped) is replaced at the next query.
  pool.on("error", () => {});
  const door = await openDoor(options.port, async (request, response) => {
    if (request.method !== "POST" || request.url !== "/sql") return sendJson(response, 404, '{"message":"not found"}');
    if (!mayPass(request.headers, options.databaseUrl)) {
      return sendJson(response, 400, '{"message":"password authentication failed","code":"28P01","severity":"FATAL"}');
    }
    const body = JSON.parse(await readBody(request)) as NeonQuery | { queries: NeonQuery[] };
    try {
      const json =
        "queries" in body ? await runBatch(pool, body.queries, request.headers) : await runSingle(pool, body);
      sendJson(response, 200, json);
    } catch (error) {
      const { status, json } = errorAnswer(error);
      sendJson(response, status, json);
    }
  });
  return {
    ...door,
    close: async () => {
      await door.close();
      await pool.end().catch(() => undefined);
    },
  };
}

async function runSingle(pool: pg.Pool, query: NeonQuery): Promise<string> {
  return resultJson(await pool.query(toPg(query)), query);
}

async function runBatch(pool: pg.Pool, queries: NeonQuery[], headers: IncomingHttpHeaders): Promise<string> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(beginStatement(headers));
    const results: string[] = [];
    for (const query of queries) results.push(resultJson(await client.query(toPg(query)), query));
    await client.query("COMMIT");
    return `{"results":[${results.join(",")}]}`;
  } catch (error) {
    await client.query("ROLLBACK").catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

function toPg(query: NeonQuery): pg.QueryArrayConfig {
  return { text: query.query, values: query.params ?? [], rowMode: "array", types: RAW_TEXT };
}

function resultJson(result: pg.QueryArrayResult, query: NeonQuery): string {
  const { command, rowCount, rows, fields } = result;
  return JSON.stringify({ command, rowCount, rows, fields, rowAsArray: query.arrayMode ?? true });
}

/** A mistake in SQL is 400 with Postgres's own fields, as Neon answers; an unreachable Postgres is 503. */
function errorAnswer(error: unknown): { status: number; json: string } {
  const fields: Record<string, unknown> = { message: messageOf(error) };
  if (error instanceof pg.DatabaseError) {
    for (const name of ERROR_FIELDS) fields[name] = error[name];
    return { status: 400, json: JSON.stringify(fields) };
  }
  fields.code = codeOf(error);
  return { status: 503, json: JSON.stringify(fields) };
}

/** The door has no login of its own: the driver's connection string must name the user and password behind it. */
function mayPass(headers: IncomingHttpHeaders, databaseUrl: string): boolean {
  const given = headers["neon-connection-string"];
  if (typeof given !== "string" || !URL.canParse(given)) return false;
  const [a, b] = [new URL(given), new URL(databaseUrl)];
  return a.username === b.username && a.password === b.password && a.pathname === b.pathname;
}

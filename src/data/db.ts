import type { SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { UpstreamUnavailable } from "../domain/api-error.ts";
import { withDeadline } from "../platform/deadline.ts";

/** Milliseconds after which Postgres counts as not answering. */
const TIMEOUT_MS = 5_000;
/** How often a batch that lost against another one (deadlock, serialization, vanished reference) is run. */
const BATCH_ATTEMPTS = 4;

export interface Rows<Row> {
  rows: Row[];
}

/**
 * Postgres over HTTP: one statement, or one batch that is one transaction. `Row` is what the caller's own SQL returns.
 * Both throw UpstreamUnavailable where Postgres does not answer.
 */
export interface Db {
  execute<Row extends Record<string, unknown>>(query: SQL): Promise<Rows<Row>>;
  /**
   * All statements in one READ COMMITTED transaction and one round trip: each sees what was committed before it began, so that a
   * statement after a row lock sees what the lock waited for. Runs again where it lost against another transaction.
   */
  batch(queries: [SQL, ...SQL[]]): Promise<Rows<Record<string, unknown>>[]>;
}

/** What `openDatabase` needs of the settings. */
export interface DatabaseSettings {
  databaseUrl: string;
  neonFetchEndpoint: string | undefined;
}

const cache = new WeakMap<DatabaseSettings, Db>();

/** The isolate's database. It holds no connection, so all requests may share it. */
export function openDatabase(settings: DatabaseSettings): Db {
  const known = cache.get(settings);
  if (known !== undefined) return known;
  const db = connect(settings);
  cache.set(settings, db);
  return db;
}

/**
 * Loaded with the first statement and not with the Worker: the driver's module, which brings a whole socket client for Postgres along,
 * takes an eighth of the start, and a hub that wakes for a message answers before it needs it.
 */
async function loadDriver(settings: DatabaseSettings) {
  const [{ neon, neonConfig }, { drizzle }] = await Promise.all([
    import("@neondatabase/serverless"),
    import("drizzle-orm/neon-http"),
  ]);
  neonConfig.fetchFunction = (url: string, init: RequestInit) =>
    withDeadline(TIMEOUT_MS, async (signal) => readWhole(await fetch(url, { ...init, signal })));
  if (settings.neonFetchEndpoint !== undefined) neonConfig.fetchEndpoint = settings.neonFetchEndpoint;
  const connection = neon(settings.databaseUrl, { fullResults: true });
  return { connection, client: drizzle(connection) };
}

function connect(settings: DatabaseSettings): Db {
  let loading: ReturnType<typeof loadDriver> | undefined;
  const driver = () => {
    loading ??= loadDriver(settings);
    return loading;
  };
  const dialect = new PgDialect();
  return {
    // What `client.execute` does too, for twice the processor time.
    execute: <Row extends Record<string, unknown>>(query: SQL) => {
      const { sql, params } = dialect.sqlToQuery(query);
      // The driver knows nothing of the statement's columns.
      return translated(async () => {
        const { connection } = await driver();
        return (await connection.query(sql, params)) as unknown as Rows<Row>;
      });
    },
    async batch(queries) {
      const [first, ...rest] = queries;
      for (let attempt = 1; ; attempt++) {
        try {
          return await translated(async () => {
            const { client } = await driver();
            return client.batch([client.execute(first), ...rest.map((query) => client.execute(query))]);
          });
        } catch (error) {
          if (attempt >= BATCH_ATTEMPTS || !isLostRace(error)) throw error;
        }
      }
    },
  };
}

/** What the driver uses of a response, read here, so that a body which stalls has the same deadline. */
async function readWhole(response: Response) {
  const body = await response.text();
  return { ok: response.ok, status: response.status, text: () => body, json: () => JSON.parse(body) };
}

async function translated<Value>(run: () => PromiseLike<Value>): Promise<Value> {
  try {
    return await run();
  } catch (error) {
    throw isOutage(error) ? new UpstreamUnavailable("the database", error) : error;
  }
}

/** SQLSTATE of an error or of one of its causes; undefined where Postgres never got to answer. */
export function sqlStateOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string" && /^[0-9A-Z]{5}$/.test(at.code)) return at.code;
  }
  return undefined;
}

/** No answer at all, or one that says that Postgres cannot serve now: connection, resources, shutdown, I/O. */
function isOutage(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === undefined || /^(08|53|57|58)/.test(state);
}

/** Serialization failure, deadlock, or a reference to a row that was deleted meanwhile. */
function isLostRace(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === "40001" || state === "40P01" || state === "23503";
}

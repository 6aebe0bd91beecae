import type { SQL } from "drizzle-orm";
import { CasingCache } from "drizzle-orm/casing";
import { UpstreamUnavailable } from "../domain/api-error.ts";
import { withDeadline } from "../platform/deadline.ts";

/** Milliseconds after which Postgres counts as not answering. */
const TIMEOUT_MS = 5_000;
/** How often a batch that lost against another one (deadlock, serialization, vanished reference) is run. */
const BATCH_ATTEMPTS = 4;

/** How Postgres writes names, values and texts. */
const NOTATION = {
  casing: new CasingCache(),
  escapeName: (name: string) => `"${name.replaceAll('"', '""')}"`,
  escapeParam: (index: number) => `$${index + 1}`,
  escapeString: (text: string) => `'${text.replaceAll("'", "''")}'`,
};

const IN_ARRAYS = { arrayMode: true, fullResults: true } as const;

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
 * Loaded with the first statement and not with the Worker: the driver brings a whole socket client for Postgres along, which no start
 * needs, and a hub that wakes for a message answers before it needs it.
 */
async function loadDriver(settings: DatabaseSettings) {
  const { neon, neonConfig } = await import("@neondatabase/serverless");
  neonConfig.fetchFunction = (url: string, init: RequestInit) =>
    withDeadline(TIMEOUT_MS, async (signal) => readWhole(await fetch(url, { ...init, signal })));
  if (settings.neonFetchEndpoint !== undefined) neonConfig.fetchEndpoint = settings.neonFetchEndpoint;
  return neon(settings.databaseUrl, IN_ARRAYS);
}

function connect(settings: DatabaseSettings): Db {
  let loading: ReturnType<typeof loadDriver> | undefined;
  const driver = () => {
    loading ??= loadDriver(settings);
    return loading;
  };
  return {
    async execute<Row extends Record<string, unknown>>(query: SQL) {
      const connection = await driver();
      const { text, values } = statementOf(query);
      return toRows<Row>(await translated(() => connection.query(text, values)));
    },
    async batch(queries) {
      const connection = await driver();
      const statements = queries.map(statementOf);
      for (let attempt = 1; ; attempt++) {
        try {
          const results = await translated(() =>
            connection.transaction(statements.map(({ text, values }) => connection.query(text, values))),
          );
          return results.map((result) => toRows(result));
        } catch (error) {
          if (attempt >= BATCH_ATTEMPTS || !isLostRace(error)) throw error;
        }
      }
    },
  };
}

/**
 * What drizzle's driver for Neon does too, without its tables and query builders, which the Worker's start would pay for: our
 * statements are SQL with values in it.
 */
function statementOf(query: SQL): { text: string; values: unknown[] } {
  const { sql: text, params: values } = query.toQuery(NOTATION);
  return { text, values };
}

/** The driver would make pairs of names and values first, and objects from those: three times the work. Only the caller knows the columns. */
function toRows<Row>({ fields, rows }: { fields: readonly { name: string }[]; rows: readonly unknown[][] }): Rows<Row> {
  const names = fields.map(({ name }) => name);
  return {
    rows: rows.map((values) => {
      const row: Record<string, unknown> = {};
      names.forEach((name, index) => {
        row[name] = values[index];
      });
      return row as Row;
    }),
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

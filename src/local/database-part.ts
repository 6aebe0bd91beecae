import { availableParallelism } from "node:os";
import pg from "pg";
import type { Door } from "./door.ts";
import { messageOf, StackError } from "./errors.ts";
import { openNeonDoor } from "./neon-door.ts";
import { addNeonTunnel } from "./neon-tunnel.ts";
import type { Part, PartContext } from "./part.ts";
import { rememberedPort } from "./port-of.ts";
import { LocalPostgres } from "./postgres.ts";

/** Two per core: more Postgres processes than that only push each other out of the processors' caches. */
const DEFAULT_POOL = Math.max(4, 2 * availableParallelism());

export interface DatabasePart extends Part {
  readonly databaseUrl: string;
  /** Removes data that lies outside of the data folder. */
  removeOutsideData(): void;
}

/** Starts the local Postgres with Neon's door in front of it, or uses what the settings name instead. */
export async function startDatabase(context: PartContext): Promise<DatabasePart> {
  const given = context.env.KABAR_POSTGRES_URL || neonUrl(context.env.DATABASE_URL);
  if (!given) return startLocal(context);
  await checkReachable(given);
  return neonUrl(given) ? useNeon(given) : startDoorOnly(context, given);
}

async function startLocal(context: PartContext): Promise<DatabasePart> {
  const postgres = new LocalPostgres(context.dataDir, context.state, context.log);
  await postgres.start();
  const door = await openDoorTo(context, postgres.url, await rememberedPort(context.state, "neon"));
  return {
    databaseUrl: postgres.url,
    vars: varsFor(postgres.url, door.port),
    stop: () => postgres.stop(),
    start: () => postgres.start(),
    removeOutsideData: () => postgres.removeOutsideData(),
    close: async () => {
      await door.close();
      await postgres.stop();
    },
  };
}

/** Somebody else's Postgres: an outage is made by closing the door to it. */
async function startDoorOnly(context: PartContext, databaseUrl: string): Promise<DatabasePart> {
  const port = await rememberedPort(context.state, "neon");
  let door: Door | undefined = await openDoorTo(context, databaseUrl, port);
  const stop = async (): Promise<void> => {
    await door?.close();
    door = undefined;
  };
  return {
    databaseUrl,
    vars: varsFor(databaseUrl, port),
    stop,
    start: async () => {
      door ??= await openDoorTo(context, databaseUrl, port);
    },
    removeOutsideData: () => {},
    close: stop,
  };
}

function useNeon(databaseUrl: string): DatabasePart {
  const refuse = async (): Promise<void> => {
    throw new StackError("Neon cannot be stopped from here: use the local Postgres for outage tests.");
  };
  return {
    databaseUrl,
    vars: { DATABASE_URL: databaseUrl },
    stop: refuse,
    start: async () => {},
    removeOutsideData: () => {},
    close: async () => {},
  };
}

async function openDoorTo(context: PartContext, databaseUrl: string, port: number): Promise<Door> {
  const poolSize = Number(context.env.KABAR_POSTGRES_POOL ?? DEFAULT_POOL);
  const door = await openNeonDoor({ port, databaseUrl, poolSize });
  addNeonTunnel(door.server, databaseUrl);
  return door;
}

function varsFor(databaseUrl: string, doorPort: number): Record<string, string> {
  return { DATABASE_URL: databaseUrl, NEON_FETCH_ENDPOINT: `http://127.0.0.1:${doorPort}/sql` };
}

/** The address if it is Neon's own; any other DATABASE_URL in the environment belongs to another project. */
function neonUrl(url: string | undefined): string | undefined {
  return url && URL.canParse(url) && new URL(url).hostname.endsWith(".neon.tech") ? url : undefined;
}

async function checkReachable(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  // A server that goes away while we look is reported by the query, not as an unhandled event.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT 1");
  } catch (error) {
    throw new StackError(
      `The Postgres in KABAR_POSTGRES_URL does not answer (${messageOf(error)}): start it or correct the address, or unset the variable to use the built-in one.`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

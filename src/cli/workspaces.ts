import { and, asc, eq, sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import pg from "pg";
import { v7 as uuidv7 } from "uuid";
import { workspaceKeys, workspaces } from "../data/schema.ts";
import { generateSecret, generateWorkspaceKey, hashSecret, type KeyMode, modeOfKey } from "../platform/keys.ts";

export interface NewWorkspace {
  name: string;
  /** Default `live`. */
  mode?: KeyMode;
  /** A Durable Object location hint such as `apac`; counts only at the hub's first use. */
  location_hint?: string;
}

export interface WorkspaceCredentials {
  workspace_id: string;
  api_key: string;
  /** Exists nowhere else: the database keeps a hash. */
  api_secret: string;
}

export interface ListedWorkspace {
  id: string;
  name: string;
  location_hint: string | null;
  created_at: string;
  keys: { id: string; created_at: string; rotated_at: string | null }[];
}

/** What the operator did wrong, in one line that can be shown. */
export class OperatorError extends Error {}

/** Creates a workspace with its first key. */
export async function createWorkspace(databaseUrl: string, input: NewWorkspace): Promise<WorkspaceCredentials> {
  const key = generateWorkspaceKey(input.mode ?? "live");
  const secretHash = await hashSecret(key.secret);
  const id = uuidv7();
  await withDatabase(databaseUrl, (db) =>
    db.transaction(async (tx) => {
      await tx.insert(workspaces).values({ id, name: input.name, locationHint: input.location_hint ?? null });
      await tx.insert(workspaceKeys).values({ id: key.id, workspaceId: id, secretHash });
    }),
  );
  return { workspace_id: id, api_key: key.id, api_secret: key.secret };
}

/** Replaces the secret of a key. The old one stops working within the 30 s that Workers may remember a key. */
export async function rotateSecret(
  databaseUrl: string,
  workspaceId: string,
  keyId?: string,
): Promise<WorkspaceCredentials> {
  return withDatabase(databaseUrl, async (db) => {
    const ofWorkspace = eq(workspaceKeys.workspaceId, workspaceId);
    const keys = await db
      .select({ id: workspaceKeys.id })
      .from(workspaceKeys)
      .where(keyId === undefined ? ofWorkspace : and(ofWorkspace, eq(workspaceKeys.id, keyId)))
      .limit(2);
    const [key, another] = keys;
    if (key === undefined) throw new OperatorError("no such workspace or key: see `kabar workspace list`");
    if (another !== undefined) throw new OperatorError("the workspace has several keys: name one with --key pk_…");
    const secret = generateSecret(modeOfKey(key.id));
    await db
      .update(workspaceKeys)
      .set({ secretHash: await hashSecret(secret), rotatedAt: sql`now()` })
      .where(eq(workspaceKeys.id, key.id));
    return { workspace_id: workspaceId, api_key: key.id, api_secret: secret };
  });
}

/** All workspaces with the public halves of their keys, oldest first. */
export async function listWorkspaces(databaseUrl: string): Promise<ListedWorkspace[]> {
  return withDatabase(databaseUrl, async (db) => {
    const rows = await db
      .select()
      .from(workspaces)
      .leftJoin(workspaceKeys, eq(workspaceKeys.workspaceId, workspaces.id))
      .orderBy(asc(workspaces.id), asc(workspaceKeys.createdAt));
    const byId = new Map<string, ListedWorkspace>();
    for (const { workspaces: row, workspace_keys: key } of rows) {
      const listed = byId.get(row.id) ?? {
        id: row.id,
        name: row.name,
        location_hint: row.locationHint,
        created_at: toTime(row.createdAt),
        keys: [],
      };
      if (key !== null) {
        const rotatedAt = key.rotatedAt === null ? null : toTime(key.rotatedAt);
        listed.keys.push({ id: key.id, created_at: toTime(key.createdAt), rotated_at: rotatedAt });
      }
      byId.set(row.id, listed);
    }
    return [...byId.values()];
  });
}

async function withDatabase<Value>(databaseUrl: string, use: (db: NodePgDatabase) => Promise<Value>): Promise<Value> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return await use(drizzle(client));
  } finally {
    await client.end();
  }
}

function toTime(text: string): string {
  return new Date(text).toISOString();
}

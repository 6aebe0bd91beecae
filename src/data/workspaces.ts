import { sql } from "drizzle-orm";
import type { Db } from "./db.ts";

/** What is known of a workspace key by its public half. */
export type StoredKey = {
  workspaceId: string;
  secretHash: string;
  locationHint: string | null;
};

/** The key with this public half. */
export async function findKey(db: Db, keyId: string): Promise<StoredKey | undefined> {
  const { rows } = await db.execute<StoredKey>(sql`
    select k.workspace_id as "workspaceId", k.secret_hash as "secretHash", w.location_hint as "locationHint"
    from workspace_keys k join workspaces w on w.id = k.workspace_id where k.id = ${keyId}`);
  return rows[0];
}

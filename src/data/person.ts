import { sql } from "drizzle-orm";
import type { Db } from "./db.ts";
import { byRef, isUuid } from "./fragments.ts";

/** A user, or what a user who was deleted has left. */
export interface Person {
  id: string;
  /** Null for one who was deleted. */
  externalId: string | null;
}

/**
 * Who is called so: a user by internal or external id, else by internal id one who was deleted and whose messages stayed.
 * Undefined where the workspace has nothing of the kind.
 */
export async function findPerson(db: Db, workspaceId: string, ref: string): Promise<Person | undefined> {
  const { matches, internalFirst } = byRef("u", ref);
  const workspace = sql`${workspaceId}::uuid`;
  const left = sql`union all select * from (select m.user_id, null, 2 from messages m
    where m.user_id = ${ref}::uuid and m.workspace_id = ${workspace} limit 1) deleted`;
  const { rows } = await db.execute<{ id: string; external_id: string | null }>(sql`
    select * from (select u.id, u.external_id, 1 as place from users u
      where u.workspace_id = ${workspace} and ${matches} order by ${internalFirst} limit 1) living
    ${isUuid(ref) ? left : sql``} order by place limit 1`);
  const [row] = rows;
  return row === undefined ? undefined : { id: row.id, externalId: row.external_id };
}

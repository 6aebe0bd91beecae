import { sql } from "drizzle-orm";
import type { AuditEntry } from "../protocol/moderation.ts";
import type { Db } from "./db.ts";
import { wireTime } from "./fragments.ts";

/** At most `limit` entries of a workspace's audit log after a place, newest first. */
export async function listAudit(db: Db, workspaceId: string, limit: number, after?: string): Promise<AuditEntry[]> {
  const { rows } = await db.execute<AuditEntry>(sql`
    select a.id, a.act, a.actor, a.actor_id, a.channel_id, a.user_id, a.message_id, a.details,
      ${wireTime(sql`a.created_at`)} as created_at
    from moderation_audit a where a.workspace_id = ${workspaceId}::uuid
      ${after === undefined ? sql`` : sql`and a.id < ${after}::uuid`}
    order by a.id desc limit ${limit}`);
  return rows;
}

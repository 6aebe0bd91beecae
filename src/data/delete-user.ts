import { sql } from "drizzle-orm";
import { type ChannelWrite, type ChannelWriteRow, changeColumns, toChannelWrite } from "./channel-change.ts";
import type { Db } from "./db.ts";
import { heirsCte } from "./members.ts";

/** Removes a user with all memberships; messages stay under its id. Returns what it did to each channel. */
export async function deleteUser(db: Db, workspaceId: string, userId: string): Promise<ChannelWrite[]> {
  const results = await db.batch([
    // Whoever adds this user to a channel meanwhile waits here, and then finds that it is gone.
    sql`select id from users where id = ${userId}::uuid and workspace_id = ${workspaceId}::uuid for update`,
    sql`select c.id from channels c where c.id in (select channel_id from members where user_id = ${userId}::uuid)
      order by c.id for update`,
    sql`
      with gone as (delete from members where user_id = ${userId}::uuid returning *),
      ${heirsCte()},
      changed as (
        update channels c set version = c.version + 1, member_count = c.member_count - 1
        from gone where c.id = gone.channel_id returning c.*
      )
      select ${changeColumns("w", { changed: sql`true`, roleChanged: "promoted", left: "gone" })} from changed w
      where w.deleted_at is null`,
    sql`delete from mutes where user_id = ${userId}::uuid`,
    sql`delete from users where id = ${userId}::uuid and workspace_id = ${workspaceId}::uuid`,
  ]);
  // The batch's type knows nothing of each statement's columns; these come from `changeColumns` above.
  return (results[2]?.rows ?? []).map((row) => toChannelWrite(row as ChannelWriteRow));
}

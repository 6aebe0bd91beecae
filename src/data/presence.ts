import { sql } from "drizzle-orm";
import type { Db } from "./db.ts";
import { namedUsers } from "./fragments.ts";

/**
 * The users of these internal or external ids whose presence a viewer may see: itself and those with whom it shares a
 * channel; all of the workspace's for a workspace key (`viewer` undefined). In the order of `refs`, each once.
 */
export async function visibleUsers(
  db: Db,
  workspaceId: string,
  viewer: string | undefined,
  refs: readonly string[],
): Promise<{ id: string; external_id: string }[]> {
  const isVisible =
    viewer === undefined
      ? sql`true`
      : sql`(n.id = ${viewer}::uuid or exists (
          select from members mine
            join channels c on c.id = mine.channel_id and c.deleted_at is null
            join members peer on peer.channel_id = mine.channel_id and peer.user_id = n.id
          where mine.user_id = ${viewer}::uuid))`;
  const { rows } = await db.execute<{ id: string; external_id: string }>(sql`
    with ${namedUsers(workspaceId, refs)}
    select n.id, n.external_id from named n where n.id is not null and ${isVisible}
    group by n.id, n.external_id order by min(n.ord)`);
  return rows;
}

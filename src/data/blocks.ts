import { type SQL, sql } from "drizzle-orm";
import type { Block } from "../protocol/moderation.ts";
import type { Db } from "./db.ts";
import { isNoneOf, wireTime } from "./fragments.ts";

type BlockRow = { id: string; external_id: string; name: string; avatar_url: string | null; created_at: string };

/** Blocks a user; a repeat keeps the first time. Undefined where one of the two does not exist (any more). */
export async function block(
  db: Db,
  workspaceId: string,
  userId: string,
  blockedUserId: string,
): Promise<Block | undefined> {
  const [, results] = await db.batch([
    sql`insert into blocks (workspace_id, user_id, blocked_user_id)
      select ${workspaceId}::uuid, me.id, them.id from users me, users them
      where me.id = ${userId}::uuid and me.workspace_id = ${workspaceId}::uuid
        and them.id = ${blockedUserId}::uuid and them.workspace_id = ${workspaceId}::uuid
      on conflict do nothing`,
    selection(userId, sql`and b.blocked_user_id = ${blockedUserId}::uuid`),
  ]);
  // The batch's type knows nothing of each statement's columns; these come from `selection`.
  const row = results?.rows[0] as BlockRow | undefined;
  return row === undefined ? undefined : toBlock(row);
}

export async function unblock(db: Db, userId: string, blockedUserId: string): Promise<void> {
  await db.execute(sql`
    delete from blocks where user_id = ${userId}::uuid and blocked_user_id = ${blockedUserId}::uuid`);
}

/** At most `limit` blocks of a user after a place, newest first. */
export async function listBlocks(
  db: Db,
  userId: string,
  limit: number,
  after?: [createdAt: string, userId: string],
): Promise<Block[]> {
  const place =
    after === undefined
      ? sql``
      : sql`and (b.created_at, b.blocked_user_id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`;
  const { rows } = await db.execute<BlockRow>(
    sql`${selection(userId, place)} order by b.created_at desc, b.blocked_user_id desc limit ${limit}`,
  );
  return rows.map(toBlock);
}

/**
 * True for a row of `messages` (or of anything with a `user_id`) whose author `viewer` has not blocked; always for a workspace key.
 * What is blocked is asked once per statement, not per row.
 */
export function notBlocked(alias: string, viewer: string | undefined): SQL {
  if (viewer === undefined) return sql`true`;
  const blocked = sql`array(select blocked_user_id from blocks where blocks.user_id = ${viewer}::uuid)`;
  return isNoneOf(sql`${sql.raw(alias)}.user_id`, blocked);
}

function selection(userId: string, condition: SQL): SQL {
  return sql`select u.id, u.external_id, u.name, u.avatar_url, ${wireTime(sql`b.created_at`)} as created_at
    from blocks b join users u on u.id = b.blocked_user_id where b.user_id = ${userId}::uuid ${condition}`;
}

function toBlock({ created_at, ...user }: BlockRow): Block {
  return { user, created_at };
}

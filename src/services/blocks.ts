import { block as insert, listBlocks, unblock as remove } from "../data/blocks.ts";
import type { UserCaller } from "../domain/access.ts";
import { invalid, notFound } from "../domain/api-error.ts";
import { blockCursor } from "../domain/page-cursor.ts";
import type { Block } from "../protocol/moderation.ts";
import type { ServiceContext } from "./context.ts";
import { requireUser } from "./moderation-targets.ts";
import { toPage } from "./page.ts";

type Context = ServiceContext<UserCaller>;

/**
 * Hides a user's messages from the caller's history, pins, lists and search. A view of the caller's alone: the other one is not told, may
 * still write, also in a direct channel, and the live stream and the unread counts stay what they are.
 */
export async function block(context: Context, userRef: string): Promise<Block> {
  const { db, caller, hub } = context;
  const userId = await requireUser(context, userRef);
  if (userId === caller.userId) throw invalid("user_id", "cannot be yourself");
  const stored = await insert(db, caller.workspaceId, caller.userId, userId);
  if (stored === undefined) throw notFound("user");
  await hub.pushChanged([caller.userId]);
  return stored;
}

/** A repeat changes nothing. */
export async function unblock(context: Context, userRef: string): Promise<void> {
  const { db, caller, hub } = context;
  await remove(db, caller.userId, await requireUser(context, userRef));
  await hub.pushChanged([caller.userId]);
}

/** Whom the caller blocks, newest first. */
export async function list({ db, caller }: Context, limit: number, cursor: string | undefined) {
  const after = cursor === undefined ? undefined : blockCursor.decode(cursor, "cursor");
  const found = await listBlocks(db, caller.userId, limit + 1, after);
  const { items, ...page } = toPage(found, limit, ({ created_at, user }) => blockCursor.encode([created_at, user.id]));
  return { blocks: items, ...page };
}

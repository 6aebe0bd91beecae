import { countUnread, listMyChannels } from "../data/me.ts";
import { findUser } from "../data/users.ts";
import type { UserCaller } from "../domain/access.ts";
import { ApiError } from "../domain/api-error.ts";
import { myChannelCursor } from "../domain/page-cursor.ts";
import type { MyChannelList, Unread } from "../protocol/channel.ts";
import type { User } from "../protocol/user.ts";
import type { ServiceContext } from "./context.ts";
import { withLiveLast } from "./live-text.ts";

type Context = ServiceContext<UserCaller>;

/** The caller itself. @throws UNAUTHORIZED where the user was deleted after the token was signed */
export async function get({ db, caller }: Context): Promise<User> {
  const stored = await findUser(db, caller.workspaceId, caller.userId);
  if (stored === undefined || stored.user.id !== caller.userId) {
    throw new ApiError("UNAUTHORIZED", "the user of this token no longer exists");
  }
  return stored.user;
}

/** The caller's channels, the hidden ones or all others, most recently active first. Contains everything acknowledged before the call. */
export async function channels(
  context: Context,
  hidden: boolean,
  limit: number,
  cursor: string | undefined,
): Promise<MyChannelList> {
  const { db, caller } = context;
  const after = cursor === undefined ? undefined : myChannelCursor.decode(cursor, "cursor");
  await settle(context);
  const found = await listMyChannels(db, caller.workspaceId, caller.userId, hidden, limit + 1, after);
  const listed = found.slice(0, limit);
  const last = listed.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  return {
    channels: await withLiveLast(
      context,
      listed.map(({ channel }) => channel),
    ),
    has_more: hasMore,
    next_cursor: hasMore ? myChannelCursor.encode([last.lastActivityAt, last.channel.id]) : null,
  };
}

/** Unread messages and mentions, in all and in each channel that has any. */
export async function unread(context: Context): Promise<Unread> {
  await settle(context);
  const counts = await countUnread(context.db, context.caller.workspaceId, context.caller.userId);
  return {
    total: counts.reduce((sum, { unread_count }) => sum + unread_count, 0),
    unread_mentions: counts.reduce((sum, { unread_mentions }) => sum + unread_mentions, 0),
    channels: counts,
  };
}

/** Not beside the read: only a read that began after the archive was complete is sure to see it. Usually it is, and this returns at once. */
async function settle({ hub, caller }: Context): Promise<void> {
  await hub.settled({ userId: caller.userId });
}

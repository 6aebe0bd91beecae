import { banMember, listBans, unbanMember } from "../data/bans.ts";
import type { RightsSeen } from "../data/rights.ts";
import { requireGroup } from "../domain/access.ts";
import { ApiError, invalid, notFound } from "../domain/api-error.ts";
import { banCursor } from "../domain/page-cursor.ts";
import type { Ban, BanBody } from "../protocol/moderation.ts";
import { changeChannel, requireChannel } from "./channels.ts";
import { type ServiceContext, userIdOf } from "./context.ts";
import { requireFuture, requireUser } from "./moderation-targets.ts";
import { toPage } from "./page.ts";

/** Removes a user from a group and keeps it out until the ban ends; returns when nothing reaches it any more. */
export async function ban(context: ServiceContext, ref: string, userRef: string, body: BanBody): Promise<Ban> {
  const terms = { until: body.until ?? null, reason: body.reason ?? null };
  requireFuture(terms.until);
  const write = await changeChannel(context, ref, "members.ban", async (found, rights) => {
    requireGroup(found, "user_id");
    const userId = await requireUser(context, userRef);
    if (userId === userIdOf(context.caller)) throw invalid("user_id", "cannot be yourself");
    const outcome = await banMember(context.db, targetOf(context, found.channel.id, rights), userId, terms);
    if (outcome.write === undefined) return undefined;
    if (outcome.ban === undefined) throw notFound("user");
    return { ...outcome.write, ban: outcome.ban };
  });
  return write.ban;
}

/** Lets a user be added again; a repeat changes nothing. */
export async function unban(context: ServiceContext, ref: string, userRef: string): Promise<void> {
  const found = await requireChannel(context, ref, "members.ban");
  const userId = await requireUser(context, userRef);
  const callerId = userIdOf(context.caller);
  const rights = callerId === undefined ? undefined : { userId: callerId, role: found.role };
  if (await unbanMember(context.db, targetOf(context, found.channel.id, rights), userId)) return;
  throw new ApiError("CONFLICT", "the channel is being changed; try again");
}

/** Who is banned from a channel now, latest first. */
export async function list(context: ServiceContext, ref: string, limit: number, cursor: string | undefined) {
  const after = cursor === undefined ? undefined : banCursor.decode(cursor, "cursor");
  const { channel } = await requireChannel(context, ref, "members.ban");
  const found = await listBans(context.db, channel.id, limit + 1, after);
  const { items, ...page } = toPage(found, limit, ({ created_at, user }) => banCursor.encode([created_at, user.id]));
  return { bans: items, ...page };
}

function targetOf({ caller }: ServiceContext, channelId: string, rights: RightsSeen) {
  return { workspaceId: caller.workspaceId, channelId, rights };
}

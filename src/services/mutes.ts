import { findMute, listMutes } from "../data/mutes.ts";
import { ApiError } from "../domain/api-error.ts";
import { muteCursor } from "../domain/page-cursor.ts";
import type { Mute, MuteBody } from "../protocol/moderation.ts";
import { requireChannel } from "./channels.ts";
import { actorOf, type ServiceContext } from "./context.ts";
import { requireFuture, requireUser } from "./moderation-targets.ts";
import { toPage } from "./page.ts";
import { requireSettled } from "./settled.ts";

/** Takes a user's right to write in a channel, member or not; returns when the hub refuses and Postgres has it. */
export async function mute(context: ServiceContext, ref: string, userRef: string, body: MuteBody): Promise<Mute> {
  const until = body.until ?? null;
  requireFuture(until);
  const { channel } = await requireChannel(context, ref, "members.mute");
  const userId = await requireUser(context, userRef);
  await context.hub.muteMember({ channel: channel.id, userId, actor: actorOf(context.caller), muted: true, until });
  await requireSettled(context, { channel: channel.id });
  const stored = await findMute(context.db, channel.id, userId);
  if (stored === undefined) throw new ApiError("CONFLICT", "the mute was ended meanwhile");
  return stored;
}

/** A repeat changes nothing. */
export async function unmute(context: ServiceContext, ref: string, userRef: string): Promise<void> {
  const { channel } = await requireChannel(context, ref, "members.mute");
  const userId = await requireUser(context, userRef);
  await context.hub.muteMember({
    channel: channel.id,
    userId,
    actor: actorOf(context.caller),
    muted: false,
    until: null,
  });
  await requireSettled(context, { channel: channel.id });
}

/** Who is muted in a channel now, latest first. */
export async function list(context: ServiceContext, ref: string, limit: number, cursor: string | undefined) {
  const after = cursor === undefined ? undefined : muteCursor.decode(cursor, "cursor");
  const { channel } = await requireChannel(context, ref, "members.mute");
  await requireSettled(context, { channel: channel.id });
  const found = await listMutes(context.db, channel.id, limit + 1, after);
  const { items, ...page } = toPage(found, limit, ({ created_at, user }) => muteCursor.encode([created_at, user.id]));
  return { mutes: items, ...page };
}

import { findUserMute, type MuteEnd, setChannelMute, setHidden, setUserMute } from "../data/push-mutes.ts";
import type { UserCaller } from "../domain/access.ts";
import { ApiError } from "../domain/api-error.ts";
import type { PushMute } from "../protocol/push.ts";
import { requireChannel } from "./channels.ts";
import type { ServiceContext } from "./context.ts";

type Context = ServiceContext<UserCaller>;

/** What a caller asks for: no mute, or one until a time, or (without a time) for good. */
export type WantedMute = { muted: false } | { muted: true; until: string | null | undefined };

/** Stops or lets through the caller's pushes of one channel. The hub knows before this returns. */
export async function muteChannel(context: Context, ref: string, wanted: WantedMute): Promise<PushMute> {
  const { caller, db, hub } = context;
  const { channel } = await requireChannel(context, ref, "channel.prefer");
  const mute = await setChannelMute(db, channel.id, caller.userId, endOf(wanted));
  if (mute === undefined) throw new ApiError("NOT_A_MEMBER", "you are not a member of this channel");
  await hub.pushChanged([caller.userId]);
  return mute;
}

/** Hides a channel from the caller's list until a message comes, or shows it again. */
export async function hideChannel(context: Context, ref: string, hidden: boolean): Promise<void> {
  const { caller, db, hub } = context;
  const { channel } = await requireChannel(context, ref, "channel.prefer");
  // Messages that Postgres lacks yet were there before: they must not bring the channel back.
  const through = hidden ? (await hub.settled({ channel: channel.id })).lastSeq : undefined;
  if (await setHidden(db, channel.id, caller.userId, through)) return;
  throw new ApiError("NOT_A_MEMBER", "you are not a member of this channel");
}

/** Stops or lets through all of the caller's pushes. The hub knows before this returns. */
export async function mutePushes(context: Context, wanted: WantedMute): Promise<PushMute> {
  const { caller, db, hub } = context;
  const mute = known(await setUserMute(db, caller.workspaceId, caller.userId, endOf(wanted)));
  await hub.pushChanged([caller.userId]);
  return mute;
}

export async function pushMute({ caller, db }: Context): Promise<PushMute> {
  return known(await findUserMute(db, caller.workspaceId, caller.userId));
}

/** A mute that has ended is none: a late repeat of a request changes nothing more. */
function endOf(wanted: WantedMute): MuteEnd {
  if (!wanted.muted) return null;
  if (wanted.until == null) return "infinity";
  return Date.parse(wanted.until) > Date.now() ? wanted.until : null;
}

function known(mute: PushMute | undefined): PushMute {
  if (mute === undefined) throw new ApiError("UNAUTHORIZED", "the user of this token no longer exists");
  return mute;
}

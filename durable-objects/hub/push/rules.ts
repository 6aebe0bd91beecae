import type { PushProfile } from "../../../src/domain/push.ts";
import { LIMITS } from "../../../src/protocol/limits.ts";
import type { Message } from "../../../src/protocol/message.ts";
import type { Connection } from "../connection.ts";
import type { ChannelState } from "../directory.ts";
import type { JournalEvent } from "../journal-rows.ts";

/** A message that may be pushed. */
export interface PushableMessage {
  event: JournalEvent;
  message: Message;
}

/** The message of a `message.created` event; undefined where it is too old, unsent, or its channel is gone. */
export function pushable(
  event: JournalEvent | undefined,
  channel: ChannelState | undefined,
  now: number,
): PushableMessage | undefined {
  if (event === undefined || channel === undefined || channel.deleted) return undefined;
  if (event.at + LIMITS.pushLifetimeSeconds * 1000 <= now) return undefined;
  const { message } = JSON.parse(event.body) as { message: Message };
  return message.deleted_at === null ? { event, message } : undefined;
}

/**
 * Whether a member is pushed for a message: it was a member when the message came, has not read it yet, wants pushes of
 * this channel and of this sender, and does not have the channel open.
 */
export function wantsPush(
  { event, message }: PushableMessage,
  channel: ChannelState,
  profile: PushProfile,
  connections: Iterable<Connection>,
  now: number,
): boolean {
  const member = channel.members.get(profile.userId);
  if (member === undefined || member.joinedSeq > event.seq || member.readSeq >= message.seq) return false;
  if (profile.mutedUntil > now || (profile.channels[event.channelId] ?? 0) > now) return false;
  if (message.user_id !== null && profile.blocked.includes(message.user_id)) return false;
  for (const connection of connections) if (hasOpen(connection, event.channelId, now)) return false;
  return true;
}

/**
 * A client says by `channel.focus` what it shows. One that never does is taken to show everything. A connection that has
 * not been heard for two heartbeats shows nothing: the phone is locked, the laptop closed.
 */
function hasOpen(connection: Connection, channelId: string, now: number): boolean {
  if (now - connection.lastHeard() > LIMITS.focusSeconds * 1000) return false;
  const { focus } = connection.state;
  return focus === undefined || focus === channelId;
}

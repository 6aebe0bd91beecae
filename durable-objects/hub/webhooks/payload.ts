import type { Channel } from "../../../src/protocol/channel.ts";
import type { DurableData } from "../../../src/protocol/frames-down.ts";
import type { Member } from "../../../src/protocol/member.ts";
import type { ChangedMessage } from "../../../src/protocol/message.ts";
import type { Directory } from "../directory.ts";
import type { Journal } from "../journal.ts";
import type { JournalEvent } from "../journal-rows.ts";
import { messageIn } from "./occurrences.ts";
import type { Occurrence } from "./outbox.ts";

interface WebhookUser {
  id: string;
  external_id: string | null;
  name: string;
}

interface ChannelIds {
  channel_id: string;
  channel_external_id: string | null;
}

/**
 * The `data` of a webhook's body. It is made when it is sent, from the journal as it is then: a message that was unsent
 * meanwhile goes out blank. Undefined where the journal no longer has the event.
 */
export function payloadOf(occurrence: Occurrence, journal: Journal, directory: Directory): unknown {
  if (occurrence.data !== null) return JSON.parse(occurrence.data);
  const event = occurrence.seq === null ? undefined : journal.at(occurrence.seq);
  if (event === undefined) return undefined;
  const userOf = (id: string | null) => (id === null ? null : webhookUser(directory, id));
  switch (occurrence.event) {
    case "message.created":
      return { message: webhookMessage(messageIn(event)) };
    case "message.updated": {
      const message = messageIn(event);
      const edited = message.edited_at === null ? {} : { edited_at: message.edited_at };
      return { message: { ...webhookMessage(message), ...edited } };
    }
    case "message.deleted": {
      const message = messageIn(event);
      return { message: { ...webhookMessage(message), deleted_at: message.deleted_at } };
    }
    case "message.mentioned": {
      const message = messageIn(event);
      return { user: userOf(occurrence.part), by_user: userOf(event.userId), message: webhookMessage(message) };
    }
    case "message.reaction.added":
    case "message.reaction.removed": {
      const data = read<ChannelIds & { message_id: string; user_id: string; emoji: string }>(event);
      return { ...idsOf(data), message_id: data.message_id, user: userOf(data.user_id), emoji: data.emoji };
    }
    case "message.moderated": {
      const { message_id, user_id, rule, rules, action, ...ids } = read<DurableData<"message.moderated">>(event);
      const message = message_id === null ? {} : { message_id };
      return { ...idsOf(ids), ...message, user: userOf(user_id), action, rule, rules };
    }
    case "channel.created":
      return { channel: read<{ channel: Channel }>(event).channel };
    case "channel.deleted":
      return idsOf(read<ChannelIds>(event));
    case "member.joined": {
      const { channel, members } = read<{ channel: Channel; members: Member[] }>(event);
      const member = members.find(({ user }) => user.id === occurrence.part);
      const ids = { channel_id: channel.id, channel_external_id: channel.external_id };
      if (member === undefined) return { ...ids, user: userOf(occurrence.part) };
      const { id, external_id, name } = member.user;
      const role = member.role === null ? {} : { role: member.role };
      return { ...ids, user: { id, external_id, name }, ...role, joined_at: member.joined_at };
    }
    case "member.left":
      return { ...idsOf(read<ChannelIds>(event)), user: userOf(occurrence.part) };
    default:
      return undefined;
  }
}

/** A message as webhooks show it: what does not apply is absent. */
export function webhookMessage(message: ChangedMessage) {
  const { user } = message;
  return {
    id: message.id,
    channel_id: message.channel_id,
    channel_external_id: message.channel_external_id,
    user: user === null ? null : { id: user.id, external_id: user.external_id, name: user.name },
    content: message.content,
    type: message.type,
    attachment_url: message.attachment_url,
    created_at: message.created_at,
    ...(message.parent_id === null ? {} : { parent_id: message.parent_id }),
    ...(message.quoted_message === undefined ? {} : { quoted_message: message.quoted_message }),
    ...(message.mentions.length === 0 ? {} : { mentions: message.mentions }),
  };
}

/** Somebody as webhooks show users; one who is not known any more keeps the id. */
export function webhookUser(directory: Directory, id: string): WebhookUser {
  const user = directory.user(id);
  return { id, external_id: user?.external_id || null, name: user?.name ?? "" };
}

function idsOf({ channel_id, channel_external_id }: ChannelIds): ChannelIds {
  return { channel_id, channel_external_id };
}

function read<Data>(event: JournalEvent): Data {
  return JSON.parse(event.body) as Data;
}

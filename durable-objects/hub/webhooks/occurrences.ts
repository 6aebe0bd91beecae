import type { ChangedMessage } from "../../../src/protocol/message.ts";
import { mentionedBy } from "../encode.ts";
import type { JournalEvent } from "../journal-rows.ts";
import type { Occurrence } from "./outbox.ts";

/** Journal events that webhooks are told of as they are. */
const PLAIN: ReadonlySet<string> = new Set([
  "message.created",
  "message.updated",
  "message.deleted",
  "message.reaction.added",
  "message.reaction.removed",
  "message.moderated",
  "channel.created",
  "channel.deleted",
]);
/** Journal events that tell of several users, of each of whom webhooks are told by itself. */
const PER_USER: ReadonlySet<string> = new Set(["member.joined", "member.left"]);

/** True for an event of which a webhook may be told. */
export function concernsWebhooks(event: JournalEvent): boolean {
  return PLAIN.has(event.type) || PER_USER.has(event.type);
}

/** What webhooks are told of a journal event: nothing, one thing, or several in this order. */
export function occurrencesOf(event: JournalEvent, eventId: () => string): Occurrence[] {
  const about = (name: string, part: string | null): Occurrence => ({
    eventId: eventId(),
    event: name,
    lane: event.channelId,
    seq: event.seq,
    part,
    data: null,
    at: event.at,
  });
  if (PER_USER.has(event.type)) return usersOf(event).map((userId) => about(event.type, userId));
  if (!PLAIN.has(event.type)) return [];
  return [about(event.type, null), ...mentionedBy(event).map((userId) => about("message.mentioned", userId))];
}

function usersOf(event: JournalEvent): string[] {
  const data = JSON.parse(event.body) as { user_ids?: string[]; members?: { user: { id: string } }[] };
  return data.user_ids ?? (data.members ?? []).map((member) => member.user.id);
}

/** The message that an event of the journal carries. */
export function messageIn(event: JournalEvent): ChangedMessage {
  return (JSON.parse(event.body) as { message: ChangedMessage }).message;
}

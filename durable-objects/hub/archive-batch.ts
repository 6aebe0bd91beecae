import type {
  ArchiveBatch,
  ArchivedAct,
  ArchivedCursor,
  ArchivedMessage,
  ArchivedMute,
  ArchivedReaction,
} from "../../src/domain/hub-ports.ts";
import type { DurableData } from "../../src/protocol/frames-down.ts";
import type { ChangedMessage, Message } from "../../src/protocol/message.ts";
import type { JournalEvent } from "./journal-rows.ts";
import { archivedAct, archivedMute } from "./moderation-batch.ts";

/**
 * What Postgres must learn of a run of journal events: of each message and each reaction the last state, and of each
 * member's cursor the furthest place. Channel and member changes came from Postgres and only move the watermark.
 */
export function archiveBatch(epoch: string, events: readonly JournalEvent[]): ArchiveBatch {
  const messages = new Map<string, ArchivedMessage>();
  const reactions = new Map<string, ArchivedReaction>();
  const replies: Record<string, number> = {};
  const channels: Record<string, number> = {};
  const cursors = new Map<string, ArchivedCursor>();
  const mutes = new Map<string, ArchivedMute>();
  const acts: ArchivedAct[] = [];
  const cursor = (channelId: string, userId: string): ArchivedCursor => {
    const key = `${channelId} ${userId}`;
    const known = cursors.get(key);
    if (known !== undefined) return known;
    const fresh = {
      channel_id: channelId,
      user_id: userId,
      read_seq: 0,
      read_at: null,
      delivered_seq: 0,
      delivered_at: null,
    };
    cursors.set(key, fresh);
    return fresh;
  };
  const countReply = ({ thread_root_id: root }: ChangedMessage, by: number) => {
    if (root !== null) replies[root] = (replies[root] ?? 0) + by;
  };
  for (const event of events) {
    if (changesPostgres(event)) channels[event.channelId] = event.seq;
    switch (event.type) {
      case "message.created": {
        const { message } = JSON.parse(event.body) as { message: Message };
        messages.set(message.id, { ...message, client_id: event.clientId });
        countReply(message, 1);
        if (message.user_id === null) break;
        read(cursor(message.channel_id, message.user_id), message.seq, message.created_at);
        break;
      }
      case "message.updated":
      case "message.pinned":
      case "message.unpinned":
      case "message.deleted": {
        const { message } = JSON.parse(event.body) as { message: ChangedMessage };
        messages.set(message.id, { ...message, client_id: messages.get(message.id)?.client_id ?? null });
        if (event.type === "message.deleted") countReply(message, -1);
        break;
      }
      case "message.reaction.added":
      case "message.reaction.removed": {
        const data = JSON.parse(event.body) as DurableData<"message.reaction.removed">;
        const emoji = event.type === "message.reaction.added" ? data.emoji : null;
        const at = new Date(event.at).toISOString();
        reactions.set(`${data.message_id} ${data.user_id}`, {
          message_id: data.message_id,
          user_id: data.user_id,
          emoji,
          at,
        });
        break;
      }
      case "message.read": {
        const data = JSON.parse(event.body) as DurableData<"message.read">;
        read(cursor(data.channel_id, data.user_id), data.seq, data.at);
        break;
      }
      case "message.delivered": {
        const data = JSON.parse(event.body) as DurableData<"message.delivered">;
        deliver(cursor(data.channel_id, data.user_id), data.seq, data.at);
        break;
      }
      case "member.joined": {
        const data = JSON.parse(event.body) as DurableData<"member.joined">;
        for (const member of data.members) {
          const own = cursor(event.channelId, member.user.id);
          own.read_seq = Math.max(own.read_seq, data.last_seq);
          own.delivered_seq = Math.max(own.delivered_seq, data.last_seq);
          // Whoever comes back has a new membership, in which nothing was read yet.
          own.read_at = null;
          own.delivered_at = null;
        }
        break;
      }
      case "member.muted":
      case "member.unmuted": {
        const mute = archivedMute(event);
        mutes.set(`${mute.channel_id} ${mute.user_id}`, mute);
        break;
      }
      default:
        break;
    }
    const act = archivedAct(event);
    if (act !== undefined) acts.push(act);
  }
  const [firstSeq, lastSeq] = [events[0]?.seq ?? 0, events.at(-1)?.seq ?? 0];
  return {
    epoch,
    firstSeq,
    lastSeq,
    messages: [...messages.values()],
    reactions: [...reactions.values()],
    channels,
    replies,
    cursors: [...cursors.values()],
    mutes: [...mutes.values()],
    acts,
  };
}

/** Cursors move forward only, and a time is that of the move. What is read is delivered too. */
function read(own: ArchivedCursor, seq: number, at: string): void {
  if (seq > own.read_seq) {
    own.read_seq = seq;
    own.read_at = at;
  }
  deliver(own, seq, at);
}

function deliver(own: ArchivedCursor, seq: number, at: string): void {
  if (seq <= own.delivered_seq) return;
  own.delivered_seq = seq;
  own.delivered_at = at;
}

/** True for events whose effect a reader of Postgres would miss until they are archived. */
export function changesPostgres(event: JournalEvent): boolean {
  return event.type.startsWith("message.") || event.type === "member.joined" || event.type.endsWith("muted");
}

/** True for what leaves the messages before it as they are: a new message, or how far somebody has got. */
export function isAddition({ type }: JournalEvent): boolean {
  return type === "message.created" || type === "message.read" || type === "message.delivered";
}

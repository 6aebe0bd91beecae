import type { ArchiveBatch, ArchivedCursor, ArchivedMessage } from "../../src/domain/hub-ports.ts";
import type { DurableData } from "../../src/protocol/frames-down.ts";
import type { Message } from "../../src/protocol/message.ts";
import type { JournalEvent } from "./journal.ts";

/**
 * What Postgres must learn of a run of journal events: the messages in order, and of each member's cursor the furthest
 * place. Channel and member changes came from Postgres and only move the watermark.
 */
export function archiveBatch(epoch: string, events: readonly JournalEvent[]): ArchiveBatch {
  const messages: ArchivedMessage[] = [];
  const cursors = new Map<string, ArchivedCursor>();
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
  for (const event of events) {
    switch (event.type) {
      case "message.created": {
        const { message } = JSON.parse(event.body) as { message: Message };
        messages.push({ ...message, client_id: event.clientId });
        if (message.user_id === null) break;
        const own = cursor(message.channel_id, message.user_id);
        own.read_seq = Math.max(own.read_seq, message.seq);
        own.read_at = message.created_at;
        break;
      }
      case "message.read": {
        const data = JSON.parse(event.body) as DurableData<"message.read">;
        const own = cursor(data.channel_id, data.user_id);
        own.read_seq = Math.max(own.read_seq, data.seq);
        own.read_at = data.at;
        break;
      }
      case "message.delivered": {
        const data = JSON.parse(event.body) as DurableData<"message.delivered">;
        const own = cursor(data.channel_id, data.user_id);
        own.delivered_seq = Math.max(own.delivered_seq, data.seq);
        own.delivered_at = data.at;
        break;
      }
      case "member.joined": {
        const data = JSON.parse(event.body) as DurableData<"member.joined">;
        for (const member of data.members) {
          const own = cursor(event.channelId, member.user.id);
          own.read_seq = Math.max(own.read_seq, data.last_seq);
          own.delivered_seq = Math.max(own.delivered_seq, data.last_seq);
        }
        break;
      }
      default:
        break;
    }
  }
  const [firstSeq, lastSeq] = [events[0]?.seq ?? 0, events.at(-1)?.seq ?? 0];
  return { epoch, firstSeq, lastSeq, messages, cursors: [...cursors.values()] };
}

/** True for events whose effect a reader of Postgres would miss until they are archived. */
export function changesPostgres(event: JournalEvent): boolean {
  return (
    event.type === "message.created" ||
    event.type === "message.read" ||
    event.type === "message.delivered" ||
    event.type === "member.joined"
  );
}

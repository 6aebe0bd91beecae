import type { HubError } from "../../src/domain/hub-contract.ts";
import type { ErrorDetail } from "../../src/protocol/errors.ts";
import type { FrameDown } from "../../src/protocol/frames-down.ts";
import type { ChangedMessage } from "../../src/protocol/message.ts";
import type { JournalEvent } from "./journal-rows.ts";

/**
 * The frame of a journal event. The stored body is an object's JSON text, so the cursor, and for the sender's own
 * connections the idempotency key, are spliced into the text: a fan-out neither parses nor serializes the message.
 */
export function encodeEvent(event: JournalEvent, cursor: string, own: boolean): string {
  let body = event.body;
  if (own && event.clientId !== null && body.startsWith('{"message":{')) {
    body = `{"message":{"client_id":${JSON.stringify(event.clientId)},${body.slice('{"message":{'.length)}`;
  }
  return `{"type":"${event.type}","data":${body.slice(0, -1)},"cursor":"${cursor}"}}`;
}

/**
 * The `message.mentioned` frame that follows an event, and for whom; undefined for all but messages that mention
 * somebody. The text is looked at before it is parsed: hardly any message mentions anybody.
 */
export function encodeMentioned(event: JournalEvent, cursor: string): { userIds: string[]; frame: string } | undefined {
  const userIds = mentionedBy(event);
  if (userIds.length === 0) return undefined;
  const { message } = JSON.parse(event.body) as { message: ChangedMessage };
  const frame = encodeFrame({
    type: "message.mentioned",
    data: {
      channel_id: message.channel_id,
      channel_external_id: message.channel_external_id,
      message_id: message.id,
      by_user_id: event.userId,
      cursor,
    },
  });
  return { userIds, frame };
}

/** Whom a message mentions since this event, its author aside. */
export function mentionedBy(event: JournalEvent): string[] {
  if (event.type === "message.created" && event.body.includes('"mentions":[{')) {
    const { message } = JSON.parse(event.body) as { message: ChangedMessage };
    return message.mentions.map((mention) => mention.user_id).filter((id) => id !== event.userId);
  }
  if (event.type === "message.updated" && event.body.includes('"newly_mentioned"')) {
    const { newly_mentioned: added } = JSON.parse(event.body) as { newly_mentioned?: string[] };
    return (added ?? []).filter((id) => id !== event.userId);
  }
  return [];
}

/** The answer to a message.send. `messageJson` is the message as stored. */
export function encodeAck(id: string | undefined, messageJson: string): string {
  const idField = id === undefined ? "" : `"id":${JSON.stringify(id)},`;
  return `{"type":"message.ack",${idField}"data":{${idField}"message":${messageJson}}}`;
}

/** Any other frame. */
export function encodeFrame(frame: FrameDown): string {
  return JSON.stringify(frame);
}

export function encodeOk(id: string | undefined): string {
  return encodeFrame({ type: "ok", ...(id === undefined ? {} : { id }), data: id === undefined ? {} : { id } });
}

export function encodeError(id: string | undefined, error: HubError & { details?: ErrorDetail[] }): string {
  return encodeFrame({
    type: "error",
    ...(id === undefined ? {} : { id }),
    data: {
      ...(id === undefined ? {} : { id }),
      code: error.code,
      message: error.message,
      ...(error.details === undefined ? {} : { details: error.details }),
      ...(error.retryAfter === undefined ? {} : { retry_after: error.retryAfter }),
    },
  });
}

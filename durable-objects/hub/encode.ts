import type { HubError } from "../../src/domain/hub-contract.ts";
import type { ErrorDetail } from "../../src/protocol/errors.ts";
import type { FrameDown } from "../../src/protocol/frames-down.ts";
import type { JournalEvent } from "./journal.ts";

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

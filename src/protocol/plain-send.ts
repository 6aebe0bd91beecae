import type { SendFrame } from "./frames-up.ts";
import { LIMITS } from "./limits.ts";
import { isStorableText } from "./primitives.ts";

type SendData = SendFrame["data"];

/**
 * A `message.send` that says nothing but channel, content and idempotency key, as nearly all do, checked by hand: the run-time runs schemas
 * in their slow form, since it makes no code of text. It holds no rule of its own: what it takes is what `sendFrameSchema`
 * gives, and undefined (anything else, and anything wrong) leaves the frame to the schema.
 *
 * @param json a parsed frame
 */
export function readPlainSend(json: object): SendFrame | undefined {
  const { id, data } = json as { id?: unknown; data?: unknown };
  for (const name of Object.keys(json)) if (name !== "type" && name !== "id" && name !== "data") return undefined;
  if ((json as { type?: unknown }).type !== "message.send") return undefined;
  if (id !== undefined && !isText(id, LIMITS.requestIdChars)) return undefined;
  const read = readData(data);
  if (read === undefined) return undefined;
  return id === undefined ? { type: "message.send", data: read } : { type: "message.send", id, data: read };
}

function readData(data: unknown): SendData | undefined {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  const { channel_id: channel, content, idempotency_key: key } = data as Record<string, unknown>;
  for (const name of Object.keys(data)) {
    if (name !== "channel_id" && name !== "content" && name !== "idempotency_key") return undefined;
  }
  if (!isText(channel, LIMITS.externalIdChars)) return undefined;
  if (typeof content !== "string" || !isStorableText(content)) return undefined;
  if (key === undefined) return { channel_id: channel, content };
  if (!isText(key, LIMITS.idempotencyKeyChars)) return undefined;
  return { channel_id: channel, content, idempotency_key: key };
}

function isText(value: unknown, maxChars: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= maxChars && isStorableText(value);
}

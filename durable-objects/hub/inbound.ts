import type { HubError, HubResult } from "../../src/domain/hub-contract.ts";
import type { ErrorDetail } from "../../src/protocol/errors.ts";
import { type FrameUp, frameIdSchema, frameUpSchema } from "../../src/protocol/frames-up.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { readPlainSend } from "../../src/protocol/plain-send.ts";
import { exceedsBytes } from "../../src/protocol/primitives.ts";

/** A frame that could be read, or why not. `id` is the client's, where one could be found. */
export type ReadFrame = { ok: true; frame: FrameUp } | { ok: false; id: string | undefined; error: HubError };

/** True where a text frame is larger than a client may send. */
export function isTooLarge(text: string): boolean {
  return exceedsBytes(text, LIMITS.frameBytes);
}

/** Parses one text frame of a client. */
export function readFrame(text: string): ReadFrame {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refusal(undefined, "the frame is not valid JSON");
  }
  const type = typeof json === "object" && json !== null && "type" in json ? json.type : undefined;
  if (typeof type !== "string") return refusal(idOf(json), "a frame is an object with a type");
  const plain = type === "message.send" ? readPlainSend(json as object) : undefined;
  if (plain !== undefined) return { ok: true, frame: plain };
  if (!isKnownType(type)) return refusal(idOf(json), "the frame's type is not known");
  const parsed = frameUpSchema().safeParse(json);
  if (parsed.success) return { ok: true, frame: parsed.data };
  const details = parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  return refusal(idOf(json), details.map((detail) => `${detail.path} ${detail.message}`).join("; "), details);
}

/** The client's id of a frame that is dropped unread, so that it knows which one to send again. */
export function readId(text: string): string | undefined {
  try {
    return isTooLarge(text) ? undefined : idOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Turns a thrown dependency failure into an answer. */
export function unavailable<Value>(): HubResult<Value> {
  const message = "a part that the request needs does not answer; try again";
  return { ok: false, error: { code: "UPSTREAM_UNAVAILABLE", message, retryAfter: 2 } };
}

let knownTypes: ReadonlySet<string> | undefined;

function isKnownType(type: string): boolean {
  knownTypes ??= new Set(
    frameUpSchema()
      .options.flatMap((option) => [...(option.shape.type._zod.values ?? [])])
      .map(String),
  );
  return knownTypes.has(type);
}

function idOf(json: unknown): string | undefined {
  if (typeof json !== "object" || json === null || !("id" in json)) return undefined;
  const id = frameIdSchema.safeParse(json.id);
  return id.success ? id.data : undefined;
}

function refusal(id: string | undefined, reason: string, details?: ErrorDetail[]): ReadFrame {
  const error: HubError = { code: "VALIDATION_ERROR", message: `unable to read the frame; because ${reason}` };
  return { ok: false, id, error: details === undefined ? error : { ...error, details } };
}

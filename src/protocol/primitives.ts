import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { onDemand } from "./on-demand.ts";

/**
 * True for text that every part of the system can keep: no NUL (PostgreSQL cannot store it) and no lone surrogate
 * (it has no UTF-8 form).
 */
export function isStorableText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

/** True where every string in a JSON value, keys included, is storable text. */
export function isStorableJson(value: unknown): boolean {
  if (typeof value === "string") return isStorableText(value);
  if (Array.isArray(value)) return value.every(isStorableJson);
  if (value !== null && typeof value === "object") {
    return Object.entries(value).every(([key, inner]) => isStorableText(key) && isStorableJson(inner));
  }
  return true;
}

const encoder = new TextEncoder();

/** Bytes of a text in UTF-8. */
export function utf8Bytes(text: string): number {
  return text.length === 0 ? 0 : encoder.encode(text).byteLength;
}

/** True where a text has more than `maxBytes` bytes in UTF-8. */
export function exceedsBytes(text: string, maxBytes: number): boolean {
  // No UTF-16 unit takes less than one byte or more than three: only texts that could be too large are encoded.
  return text.length > maxBytes || (text.length * 3 > maxBytes && utf8Bytes(text) > maxBytes);
}

const notStorable = "must not contain NUL or lone surrogate characters";

/** Text of `min` to `max` UTF-16 units that PostgreSQL can store. */
export function storableText(min: number, max: number) {
  return z.string().min(min).max(max).refine(isStorableText, { error: notStorable });
}

/** A free JSON object of at most `maxBytes` when serialized. */
export function freeJson(maxBytes: number) {
  return z
    .record(z.string(), z.unknown())
    .refine(isStorableJson, { error: notStorable })
    .refine((value) => !exceedsBytes(JSON.stringify(value), maxBytes), {
      error: `must be at most ${maxBytes} bytes of JSON`,
    });
}

/** Internal id: UUIDv7, so that ids sort by creation time. */
export const uuidSchema = z.uuid();

/** The caller's own id for a user or channel. */
export const externalIdSchema = storableText(1, LIMITS.externalIdChars);

/** Internal or external id, as accepted in paths and frames. */
export const refSchema = storableText(1, LIMITS.externalIdChars);

export const nameSchema = storableText(1, LIMITS.nameChars);

/** An http(s) URL; other schemes (`javascript:`, `data:`) would be run by careless clients. */
export const httpUrlSchema = storableText(1, LIMITS.urlChars).refine(
  (text) => /^https?:\/\//i.test(text) && URL.canParse(text),
  { error: "must be an http or https URL" },
);

/** RFC 3339 in UTC with `Z`. */
export const timeSchema = z.iso.datetime();

/** Opaque to clients. */
export const cursorSchema = z.string().min(1).max(256);

export const limitSchema = z.coerce.number().int().min(1).max(LIMITS.pageMax).default(LIMITS.pageDefault);

/** Query of a paged list. */
export const pageQuerySchema = onDemand(() => z.object({ limit: limitSchema, cursor: cursorSchema.optional() }));

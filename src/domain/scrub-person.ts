import { BLANKED } from "./tombstone.ts";

/** What stands for a reaction that was erased. */
export const ERASED_EMOJI = "·";

type Json = Record<string, unknown>;

/**
 * An event's data without what it says of a person: what they wrote and attached, also where others quote it, their profile,
 * mentions of them, their reactions. Their internal id, which names nobody any more, and the shape of the data stay.
 *
 * @param at RFC 3339 time of the erasure
 */
export function scrubPerson(data: unknown, userId: string, at: string): unknown {
  if (Array.isArray(data))
    return data.filter((one) => !isMentionOf(one, userId)).map((one) => scrubPerson(one, userId, at));
  if (!isObject(data)) return data;
  if (data.id === userId && "name" in data) return { ...data, external_id: null, name: "", avatar_url: null };
  const inner = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      key === "newly_mentioned" && Array.isArray(value)
        ? value.filter((id) => id !== userId)
        : scrubPerson(value, userId, at),
    ]),
  );
  if (data.user_id !== userId) return inner;
  if ("user_name" in data) return { ...inner, user_name: "", content: "", deleted: true };
  if ("content" in data) return blankMessage(inner, at);
  if ("emoji" in data) {
    const { replaces: _replaced, ...reaction } = inner;
    return { ...reaction, emoji: ERASED_EMOJI };
  }
  return inner;
}

function blankMessage({ quoted_message: _quoted, ...message }: Json, at: string): Json {
  return { ...message, ...BLANKED, deleted_at: message.deleted_at ?? at };
}

/** Mentions are the only listed objects that have a user's id, external id and name. */
function isMentionOf(value: unknown, userId: string): boolean {
  return isObject(value) && value.user_id === userId && "external_id" in value && "name" in value;
}

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

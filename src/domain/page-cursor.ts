import * as z from "zod";
import { searchPlaceSchema } from "../protocol/search.ts";
import { invalid } from "./api-error.ts";

const VERSION = 1;

/**
 * Opaque cursors of paged lists: base64url of `[version, list, …position]`. The list's name is inside, so that a cursor
 * of one list is refused by another. Positions are ASCII only (ids, numbers, times).
 */
export interface PageCursor<Position extends (string | number)[]> {
  encode(position: Position): string;
  /** @throws VALIDATION_ERROR naming `path` where the text is no cursor of this list. */
  decode(text: string, path: string): Position;
}

function definePageCursor<Position extends (string | number)[]>(
  list: string,
  position: z.ZodType<Position>,
): PageCursor<Position> {
  return {
    encode: (values) => toBase64Url(JSON.stringify([VERSION, list, ...values])),
    decode(text, path) {
      const json = parseJson(fromBase64Url(text));
      const isOurs = Array.isArray(json) && json[0] === VERSION && json[1] === list;
      const inner = position.safeParse(isOurs ? json.slice(2) : undefined);
      if (!inner.success) throw invalid(path, "is not a cursor of this list");
      return inner.data;
    },
  };
}

const seq = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const bySeq = z.tuple([seq]);
const byId = z.tuple([z.uuid()]);
const byTimeAndId = z.tuple([z.iso.datetime(), z.uuid()]);

/** History: the `seq` before which the next page ends. */
export const historyCursor = definePageCursor("messages", bySeq);
/** Pinned messages by time of pinning, then `seq`. */
export const pinCursor = definePageCursor("pins", z.tuple([z.iso.datetime(), seq]));
/** Users by id. */
export const userCursor = definePageCursor("users", byId);
/** Members by time of joining, then user id. */
export const memberCursor = definePageCursor("members", byTimeAndId);
/** Blocks of a user, and mutes and bans of a channel, by time and then user id. */
export const blockCursor = definePageCursor("blocks", byTimeAndId);
export const muteCursor = definePageCursor("mutes", byTimeAndId);
export const banCursor = definePageCursor("bans", byTimeAndId);
/** Reports and audit entries by id. */
export const reportCursor = definePageCursor("reports", byId);
export const auditCursor = definePageCursor("audit", byId);
/** A user's channels by latest activity, then id. */
export const myChannelCursor = definePageCursor("channels", byTimeAndId);
/** Search results by rank, then time, then id. */
export const searchCursor = definePageCursor("search", searchPlaceSchema);
/** Exports by section and the key of its last row. */
const exportPlaceSchema = z.tuple([z.number().int().min(0)]).rest(z.union([z.string(), z.number()]));
export const exportWorkspaceCursor = definePageCursor("export", exportPlaceSchema);
export const exportUserCursor = definePageCursor("user-export", exportPlaceSchema);
/** Webhooks by id. */
export const webhookCursor = definePageCursor("webhooks", byId);
/** Deliveries of a webhook by number. */
export const deliveryCursor = definePageCursor("deliveries", bySeq);

function toBase64Url(ascii: string): string {
  return btoa(ascii).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64Url(text: string): string | undefined {
  try {
    return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

import type { HeldPage, HeldPageRequest, NoHeldPage } from "../domain/hub-contract.ts";
import { historyCursor } from "../domain/page-cursor.ts";
import { encodeResumeCursor } from "../domain/resume-cursor.ts";
import { utf8Of } from "../domain/text-pieces.ts";

/**
 * How the Worker asks a hub for a page, and what it is told: a request and a response of HTTP between the two, and no RPC. The body of such
 * a response passes the Worker without being read there: taken up and put down again, pages came a sixth more slowly.
 */

const ADDRESS = "https://hub/v1/history?";
const BEHIND = "x-kabar-behind";

/** A page as it came from the hub: the JSON text of `History`, to be handed on as it is. */
export interface HeldHistory {
  body: ReadableStream<Uint8Array>;
}

/** The address that asks a hub for a page: short, as both sides take it apart. A channel's id may hold any character, even half of one. */
export function heldPageUrl({ channel, userId, before, limit }: HeldPageRequest): string {
  const ref = encodeURIComponent(JSON.stringify(channel));
  return `${ADDRESS}${limit}&${before ?? ""}&${encodeURIComponent(userId ?? "")}&${ref}`;
}

/** What an address made by `heldPageUrl` asks for; undefined for any other. Only the Worker reaches a hub, so that it is what it made. */
export function heldPageRequestOf(url: string): HeldPageRequest | undefined {
  if (!url.startsWith(ADDRESS)) return undefined;
  const [limit, before, userId = "", ref = ""] = url.slice(ADDRESS.length).split("&");
  return {
    channel: JSON.parse(decodeURIComponent(ref)) as string,
    limit: Number(limit),
    ...(userId === "" ? {} : { userId: decodeURIComponent(userId) }),
    ...(before === "" ? {} : { before: Number(before) }),
  };
}

/** What a hub found, as its answer: 200 with the page, 204 where it has none. */
export function heldPageResponse(found: HeldPage | NoHeldPage): Response {
  if ("messages" in found) return new Response(historyOf(found), { headers: { "content-type": "application/json" } });
  return new Response(null, { status: 204, headers: { [BEHIND]: found.behind ? "1" : "0" } });
}

/** What such an answer says. @throws where it is none */
export function heldHistoryOf({ status, body, headers }: Response): HeldHistory | NoHeldPage {
  if (status === 200 && body !== null) return { body };
  if (status === 204) return { behind: headers.get(BEHIND) === "1" };
  throw new Error(`a hub answered ${status} when it was asked for a page`);
}

/** UTF-8 of the JSON text of `History`. */
function historyOf({ messages, hasMore, oldestSeq, place }: HeldPage): Uint8Array<ArrayBuffer> {
  const cursor = hasMore && oldestSeq !== undefined ? historyCursor.encode([oldestSeq]) : null;
  const rest = JSON.stringify({ has_more: hasMore, next_cursor: cursor, as_of: encodeResumeCursor(place) });
  return utf8Of([`{"messages":[`, ...messages, `],${rest.slice(1)}`]);
}

import { UpstreamUnavailable } from "../domain/api-error.ts";
import type { HeldPage, NoHeldPage } from "../domain/hub-contract.ts";
import { historyCursor } from "../domain/page-cursor.ts";
import { encodeResumeCursor } from "../domain/resume-cursor.ts";
import { type ServiceContext, userIdOf } from "./context.ts";
import { type HistoryQuery, page } from "./history.ts";

/**
 * JSON text of a page (`History`): out of the hub's copies where it has them, which need no parsing on their way, else from Postgres. The
 * hub is asked first, and for pages of these kinds alone.
 */
export async function pageText(context: ServiceContext, channel: string, query: HistoryQuery): Promise<string> {
  const isHeldKind = query.after === undefined && query.around === undefined;
  const found = isHeldKind ? await find(context, channel, query) : { behind: false };
  return "messages" in found ? toText(found) : JSON.stringify(await page(context, channel, query, found.behind));
}

async function find(context: ServiceContext, channel: string, query: HistoryQuery): Promise<HeldPage | NoHeldPage> {
  const { before, limit } = query;
  const userId = userIdOf(context.caller);
  const request = {
    channel,
    limit,
    ...(userId === undefined ? {} : { userId }),
    ...(before === undefined ? {} : { before: historyCursor.decode(before, "before")[0] }),
  };
  try {
    return await context.hub.heldPage(request);
  } catch (error) {
    // Pages that are archived can be had without a hub.
    if (error instanceof UpstreamUnavailable) return { behind: false };
    throw error;
  }
}

function toText({ messages, hasMore, oldestSeq, place }: HeldPage): string {
  const cursor = hasMore && oldestSeq !== undefined ? historyCursor.encode([oldestSeq]) : null;
  const rest = JSON.stringify({ has_more: hasMore, next_cursor: cursor, as_of: encodeResumeCursor(place) });
  return `{"messages":${messages},${rest.slice(1)}`;
}

import { UpstreamUnavailable } from "../domain/api-error.ts";
import type { NoHeldPage } from "../domain/hub-contract.ts";
import { historyCursor } from "../domain/page-cursor.ts";
import type { HeldHistory } from "../platform/held-page-exchange.ts";
import { type ServiceContext, userIdOf } from "./context.ts";
import { type HistoryQuery, page } from "./history.ts";

/**
 * JSON text of a page (`History`): out of the hub's copies where it has them, passed on as they come, else from Postgres. The hub is
 * asked first, and for pages of these kinds alone.
 */
export async function pageBody(
  context: ServiceContext,
  channel: string,
  query: HistoryQuery,
): Promise<string | ReadableStream<Uint8Array>> {
  const isHeldKind = query.after === undefined && query.around === undefined;
  const found = isHeldKind ? await find(context, channel, query) : { behind: false };
  return "body" in found ? found.body : JSON.stringify(await page(context, channel, query, found.behind));
}

async function find(context: ServiceContext, channel: string, query: HistoryQuery): Promise<HeldHistory | NoHeldPage> {
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

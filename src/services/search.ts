import { hasSearchWords, placeOf, type SearchRequest, searchMessages } from "../data/search.ts";
import { invalid } from "../domain/api-error.ts";
import { headlineMarks } from "../domain/highlights.ts";
import { searchCursor } from "../domain/page-cursor.ts";
import type { ChannelSearchQuery, SearchPage } from "../protocol/search.ts";
import { requireChannel } from "./channels.ts";
import { type ServiceContext, userIdOf } from "./context.ts";
import { requireSettled } from "./settled.ts";

/** A page of messages that match, best first, out of everything that was acknowledged before the call. */
export async function search(
  context: ServiceContext,
  query: ChannelSearchQuery,
  channel: string | undefined,
): Promise<SearchPage> {
  const { caller, db } = context;
  const userId = userIdOf(caller);
  const after = query.cursor === undefined ? undefined : searchCursor.decode(query.cursor, "cursor");
  const scope = channel !== undefined ? { channel } : userId !== undefined ? { userId } : { workspace: true as const };
  const [found, hasWords] = await Promise.all([
    channel === undefined ? undefined : requireChannel(context, channel, "messages.read"),
    hasSearchWords(db, query.language, query.q),
    requireSettled(context, scope),
  ]);
  if (!hasWords) throw invalid("q", "must contain a word to look for");
  const request: SearchRequest = {
    workspaceId: caller.workspaceId,
    text: query.q,
    language: query.language,
    userId,
    channelId: found?.channel.id,
    author: query.author,
    from: query.from,
    to: query.to,
    hasAttachment: query.has_attachment === undefined ? undefined : query.has_attachment === "true",
    limit: query.limit + 1,
    after,
    marks: headlineMarks(crypto.randomUUID().replaceAll("-", "")),
  };
  const matches = await searchMessages(db, request);
  const results = matches.slice(0, query.limit);
  const last = results.at(-1);
  const hasMore = matches.length > query.limit && last !== undefined;
  return { results, has_more: hasMore, next_cursor: hasMore ? searchCursor.encode(placeOf(last)) : null };
}

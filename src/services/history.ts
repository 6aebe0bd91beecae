import { type HistoryPage, type HistoryRequest, readHistory, readMessage } from "../data/messages.ts";
import { ApiError, notFound, UpstreamUnavailable } from "../domain/api-error.ts";
import type { Settled } from "../domain/hub-contract.ts";
import { historyCursor } from "../domain/page-cursor.ts";
import type { History, Message } from "../protocol/message.ts";
import { type ServiceContext, userIdOf } from "./context.ts";

/**
 * A page of a channel's messages, newest first, that contains every message acknowledged before the call. Postgres is asked at once,
 * beside the hub; only what is not archived yet is waited for. Where Postgres lacks it or is away, the page comes from the journal.
 */
export async function page(
  context: ServiceContext,
  channel: string,
  query: { limit: number; before?: string | undefined },
): Promise<History> {
  const before = query.before === undefined ? undefined : historyCursor.decode(query.before, "before")[0];
  const request: HistoryRequest = {
    workspaceId: context.caller.workspaceId,
    channel,
    userId: userIdOf(context.caller),
    limit: query.limit,
    before,
  };
  return before === undefined ? newestPage(context, request) : olderPage(context, request, before);
}

/** One message by its id. */
export async function message(context: ServiceContext, channel: string, messageId: string): Promise<Message> {
  const request = {
    workspaceId: context.caller.workspaceId,
    channel,
    userId: userIdOf(context.caller),
    messageId,
  };
  const read = async () => {
    const found = await readMessage(context.db, request);
    requireMember(found);
    return found.message;
  };
  const first = await read();
  if (first !== undefined) return first;
  await context.hub.settled({ channel });
  const second = await read();
  if (second === undefined) throw notFound("message");
  return second;
}

async function newestPage(context: ServiceContext, request: HistoryRequest): Promise<History> {
  const [settled, found] = await Promise.all([
    context.hub.settled({ channel: request.channel }),
    orUndefinedInOutage(() => readFor(context, request)),
  ]);
  if (found === undefined || !settled.archived) return fromJournal(context, request);
  return toHistory(reaches(found, settled) ? found : await readFor(context, request));
}

async function olderPage(context: ServiceContext, request: HistoryRequest, before: number): Promise<History> {
  const found = await orUndefinedInOutage(() => readFor(context, request));
  if (found === undefined) return fromJournal(context, request);
  // Nothing is missing below `before`: the archive has passed this page, and the hub need not be asked.
  if ((found.messages[0]?.seq ?? 0) === before - 1) return toHistory(found);
  const settled = await context.hub.settled({ channel: request.channel });
  return settled.archived ? toHistory(await readFor(context, request)) : fromJournal(context, request);
}

function reaches(found: HistoryPage, settled: Settled): boolean {
  return (found.messages[0]?.seq ?? 0) >= settled.lastSeq;
}

async function readFor(context: ServiceContext, request: HistoryRequest): Promise<HistoryPage> {
  const found = await readHistory(context.db, request);
  requireMember(found);
  return found;
}

async function fromJournal(
  context: ServiceContext,
  { channel, userId, before, limit }: HistoryRequest,
): Promise<History> {
  const page = await context.hub.journalPage({
    channel,
    limit,
    ...(userId === undefined ? {} : { userId }),
    ...(before === undefined ? {} : { before }),
  });
  return { ...toHistory(page), from_journal: true };
}

function toHistory({ messages, hasMore }: Pick<HistoryPage, "messages" | "hasMore">): History {
  const oldest = messages.at(-1);
  const cursor = hasMore && oldest !== undefined ? historyCursor.encode([oldest.seq]) : null;
  return { messages, has_more: cursor !== null, next_cursor: cursor };
}

function requireMember<Found extends { isMember: boolean }>(found: Found | undefined): asserts found is Found {
  if (found === undefined) throw notFound("channel");
  if (!found.isMember) throw new ApiError("NOT_A_MEMBER", "you are not a member of this channel");
}

async function orUndefinedInOutage<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UpstreamUnavailable) return undefined;
    throw error;
  }
}

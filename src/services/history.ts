import { type HistoryPage, type HistoryRequest, readAround, readHistory } from "../data/history.ts";
import { readMessage } from "../data/messages.ts";
import { ApiError, notFound, UpstreamUnavailable } from "../domain/api-error.ts";
import type { Settled, Tail } from "../domain/hub-contract.ts";
import { historyCursor } from "../domain/page-cursor.ts";
import { encodeResumeCursor } from "../domain/resume-cursor.ts";
import type { History, Message } from "../protocol/message.ts";
import { type ServiceContext, userIdOf } from "./context.ts";
import { withLiveText } from "./live-text.ts";
import { requireSettled } from "./settled.ts";

export interface HistoryQuery {
  limit: number;
  before?: string | undefined;
  after?: string | undefined;
  around?: string | undefined;
}

/**
 * A page of a channel's messages, newest first, that contains every message acknowledged before the call. Postgres is asked at once,
 * beside the hub; only what is not archived yet is waited for. Where Postgres lacks it or is away, newest and older pages come from the
 * journal, and other pages are refused.
 *
 * @param behind true where the hub has said that Postgres lacks a change of older messages
 */
export async function page(
  context: ServiceContext,
  channel: string,
  query: HistoryQuery,
  behind = false,
): Promise<History> {
  const found = await readPage(context, channel, query, behind);
  return { ...found, messages: await withLiveText(context, found.messages) };
}

async function readPage(
  context: ServiceContext,
  channel: string,
  query: HistoryQuery,
  behind: boolean,
): Promise<History> {
  const request: HistoryRequest = {
    workspaceId: context.caller.workspaceId,
    channel,
    userId: userIdOf(context.caller),
    limit: query.limit,
  };
  if (query.around !== undefined) return around(context, request, query.around);
  if (query.after !== undefined) {
    const after = historyCursor.decode(query.after, "after")[0];
    return newerPage(context, { ...request, after });
  }
  if (query.before === undefined) return newestPage(context, request);
  const before = historyCursor.decode(query.before, "before")[0];
  return behind
    ? settledOlderPage(context, { ...request, before })
    : olderPage(context, { ...request, before }, before);
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
    return found;
  };
  const [settled, first] = await Promise.all([requireSettled(context, { channel }), read()]);
  const found = first.message !== undefined && reaches(first, settled) ? first : await read();
  if (found.message === undefined) throw notFound("message");
  const [live] = await withLiveText(context, [found.message]);
  return live ?? found.message;
}

/** What Postgres lacks is mostly new messages: those come from the hub, and nobody waits until they are archived. */
async function newestPage(context: ServiceContext, request: HistoryRequest): Promise<History> {
  const { channel, userId } = request;
  const [settled, found] = await Promise.all([
    context.hub.settled({ channel, tailFor: userId ?? null }),
    orUndefinedInOutage(() => readFor(context, request)),
  ]);
  if (found === undefined || !settled.archived) return fromJournal(context, request);
  const complete = reaches(found, settled) ? found : await readFor(context, request);
  return toHistory(settled.tail === undefined ? complete : withTail(complete, settled.tail, request.limit));
}

/** A newest page with the messages that came after it. */
function withTail(page: HistoryPage, { messages, changed }: Tail, limit: number): HistoryPage {
  const isSeen = ({ user_id: author }: Message) => author === null || !page.blocked.includes(author);
  // What was archived since the hub answered may have been changed as well.
  const all = [...messages.filter((message) => message.seq > page.lastSeq && isSeen(message)), ...page.messages];
  const isAhead = page.changed.epoch === changed.epoch && page.changed.seq > changed.seq;
  return {
    ...page,
    messages: all.slice(0, limit),
    hasMore: page.hasMore || all.length > limit,
    changed: isAhead ? page.changed : changed,
  };
}

/** The page that follows a place, newest first like every page; `next_cursor` goes on in its direction. */
async function newerPage(context: ServiceContext, request: HistoryRequest): Promise<History> {
  const found = await settledRead(context, request);
  const newest = found.messages[0];
  return {
    messages: found.messages,
    has_more: found.hasMore,
    next_cursor: found.hasMore && newest !== undefined ? historyCursor.encode([newest.seq]) : null,
    ...asOf(found),
  };
}

/** The messages around one of them: half of the page older, half newer, all of one moment. */
async function around(context: ServiceContext, view: HistoryRequest, messageId: string): Promise<History> {
  const newer = Math.floor((view.limit - 1) / 2);
  const read = async () => {
    const found = await readAround(context.db, { ...view, messageId, newer, older: view.limit - newer });
    requireMember(found);
    return found;
  };
  const [settled, first] = await Promise.all([requireSettled(context, { channel: view.channel }), read()]);
  const found = first.aroundSeq !== undefined && reaches(first, settled) ? first : await read();
  if (found.aroundSeq === undefined) throw notFound("message");
  const newest = found.messages[0];
  return {
    ...toHistory(found),
    prev_cursor: newest === undefined ? null : historyCursor.encode([newest.seq]),
  };
}

/** Reads beside the hub, and once more where the first read ran ahead of the archive. */
export async function settledRead(context: ServiceContext, request: HistoryRequest): Promise<HistoryPage> {
  const [settled, found] = await Promise.all([
    requireSettled(context, { channel: request.channel }),
    readFor(context, request),
  ]);
  return reaches(found, settled) ? found : readFor(context, request);
}

async function olderPage(context: ServiceContext, request: HistoryRequest, before: number): Promise<History> {
  const found = await orUndefinedInOutage(() => readFor(context, request));
  if (found === undefined) return fromJournal(context, request);
  // Nothing is missing below `before`: the archive has passed this page, and of changes the hub has told already. What the viewer
  // sees does not tell that: messages of blocked users are left out.
  if (found.lastSeq >= before - 1) return toHistory(found);
  return settledOlderPage(context, request);
}

async function settledOlderPage(context: ServiceContext, request: HistoryRequest): Promise<History> {
  const settled = await context.hub.settled({ channel: request.channel });
  return settled.archived ? toHistory(await readFor(context, request)) : fromJournal(context, request);
}

/** True where the read saw everything that had happened to the channel by the time that the hub answered. */
function reaches({ changed }: Pick<HistoryPage, "changed">, settled: Settled): boolean {
  if (settled.changed === undefined) return true;
  return changed.epoch === settled.changed.epoch && changed.seq >= settled.changed.seq;
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

function toHistory(page: Pick<HistoryPage, "messages" | "hasMore"> & Partial<HistoryPage>): History {
  const { messages, hasMore } = page;
  const oldest = messages.at(-1);
  const cursor = hasMore && oldest !== undefined ? historyCursor.encode([oldest.seq]) : null;
  return { messages, has_more: cursor !== null, next_cursor: cursor, ...asOf(page) };
}

/** Place of the newest event that a page shows; none for what came from the journal. */
export function asOf({ changed }: { changed?: HistoryPage["changed"] }): Pick<History, "as_of"> {
  if (changed === undefined || changed.epoch === null) return {};
  return { as_of: encodeResumeCursor({ epoch: changed.epoch, seq: changed.seq }) };
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

import { sql } from "drizzle-orm";
import type { Message } from "../protocol/message.ts";
import { type ChannelView, placeOf } from "./channel-view.ts";
import type { Db } from "./db.ts";
import { isUuid } from "./fragments.ts";
import { type PageMessageRow, toMessages } from "./message-json.ts";
import { type PageHead, type PageRow, pageMessages } from "./page-row.ts";

export interface HistoryRequest extends ChannelView {
  limit: number;
  /** Only messages with a smaller seq. */
  before?: number | undefined;
  /** Only messages with a larger seq, the nearest ones. */
  after?: number | undefined;
  /** Only replies of the thread under this message. */
  threadRootId?: string | undefined;
}

export interface HistoryPage {
  channelId: string;
  isMember: boolean;
  /** Place in the journal of the channel's newest event that this read could see. */
  changed: { epoch: string | null; seq: number };
  /** Seq of the newest archived message, also where the viewer does not see it. */
  lastSeq: number;
  /** Newest first, at most `limit`, without those of users whom the viewer blocked; empty where the caller is no member. */
  messages: Message[];
  hasMore: boolean;
  /** Users whom the viewer blocked. */
  blocked: string[];
}

/** Asks for the page around a message. */
export interface AroundRequest extends ChannelView {
  messageId: string;
  /** How many messages up to it, itself included. */
  older: number;
  /** How many messages after it. */
  newer: number;
}

const END = "9223372036854775807";

/** Channel, membership and page in one statement. Undefined where there is no such channel. */
export async function readHistory(db: Db, request: HistoryRequest): Promise<HistoryPage | undefined> {
  const { limit, before, after, userId, threadRootId } = request;
  const isForward = after !== undefined;
  const read = await readRows(db, request, {
    threadRootId,
    below: before ?? END,
    above: after ?? 0,
    older: isForward ? 0 : limit + 1,
    newer: isForward ? limit + 1 : 0,
  });
  if (read === undefined) return undefined;
  const { head, found } = read;
  const isBeyond = found.length > limit;
  return toPage(head, !isBeyond ? found : isForward ? found.slice(1) : found.slice(0, limit), isBeyond, userId);
}

/** The page around a message; `aroundSeq` is undefined where there is no such message. `hasMore` speaks of older ones. Also one statement. */
export async function readAround(
  db: Db,
  request: AroundRequest,
): Promise<(HistoryPage & { aroundSeq: number | undefined }) | undefined> {
  const { messageId, older, newer, userId } = request;
  const read = await readRows(db, request, { messageId, below: END, above: 0, older: older + 1, newer });
  if (read === undefined) return undefined;
  const { head, found } = read;
  const { around_seq: seq } = head;
  const isBeyond = seq !== null && found.filter((message) => message.seq <= seq).length > older;
  return { ...toPage(head, isBeyond ? found.slice(0, -1) : found, isBeyond, userId), aroundSeq: seq ?? undefined };
}

/** Which messages: see `kabar_history_columns` in `history-functions.ts`. */
interface Place {
  messageId?: string | undefined;
  threadRootId?: string | undefined;
  below: number | string;
  above: number;
  older: number;
  newer: number;
}

async function readRows(
  db: Db,
  { workspaceId, channel, userId }: ChannelView,
  { messageId, threadRootId, below, above, older, newer }: Place,
): Promise<{ head: PageHead; found: PageMessageRow[] } | undefined> {
  const { rows } = await db.execute<PageRow>(sql`select * from kabar_history_columns(${workspaceId}, ${channel},
    ${isUuid(channel) ? channel : null}, ${userId ?? null}, ${messageId ?? null}, ${threadRootId ?? null},
    ${below}, ${above}, ${older}, ${newer})`);
  const [row] = rows;
  return row === undefined ? undefined : { head: row.head, found: pageMessages(row) };
}

function toPage(head: PageHead, messages: PageMessageRow[], hasMore: boolean, viewer: string | undefined): HistoryPage {
  const channel = { channel_id: head.channel_id, channel_external_id: head.external_id };
  return {
    channelId: head.channel_id,
    ...placeOf(head),
    lastSeq: head.last_seq,
    messages: toMessages(messages, channel, viewer),
    hasMore,
    blocked: head.blocked,
  };
}

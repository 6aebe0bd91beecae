import { type SQL, sql } from "drizzle-orm";
import type { Message } from "../protocol/message.ts";
import { notBlocked } from "./blocks.ts";
import { type ChannelRow, type ChannelView, channelCte, placeOf } from "./channel-view.ts";
import type { Db } from "./db.ts";
import {
  joins,
  type MessageRow,
  messageColumns,
  type ReactionRow,
  reactionsOfPage,
  toMessages,
} from "./message-json.ts";

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
}

/** Asks for the page around a message. */
export interface AroundRequest extends ChannelView {
  messageId: string;
  /** How many messages up to it, itself included. */
  older: number;
  /** How many messages after it. */
  newer: number;
}

/** Of the first row only. */
type PageHead = ChannelRow & { around_seq: number | null; reactions: ReactionRow[] | null };

/** A message, or one row with nulls where the page is empty. */
type PageRow = { head: PageHead | null } & (MessageRow | Record<keyof MessageRow, null>);

const CHANNEL_ID = sql`(select channel_id from ch where is_member)`;

/** Channel, membership and page in one statement. Undefined where there is no such channel. */
export async function readHistory(db: Db, request: HistoryRequest): Promise<HistoryPage | undefined> {
  const { limit, before, after, userId, threadRootId } = request;
  const range =
    after === undefined
      ? seqRange("m", CHANNEL_ID, sql`0`, before === undefined ? undefined : sql`${before}::bigint`)
      : seqRange("m", CHANNEL_ID, sql`${after}::bigint`);
  const direction = after === undefined ? "desc" : "asc";
  const rows =
    threadRootId === undefined
      ? nearest(range, direction, limit + 1, userId)
      : sql`select m.* from messages m where ${range} and ${notBlocked("m", userId)} and m.thread_root_id = ${threadRootId}::uuid
          order by m.seq ${sql.raw(direction)} limit ${constant(limit + 1)}`;
  const read = await readRows(db, request, sql`page as materialized (${rows})`, sql`null::float8`);
  if (read === undefined) return undefined;
  const { head, found } = read;
  const isBeyond = found.length > limit;
  return toPage(
    head,
    !isBeyond ? found : after === undefined ? found.slice(0, limit) : found.slice(1),
    isBeyond,
    userId,
  );
}

/** The page around a message; `aroundSeq` is undefined where there is no such message. `hasMore` speaks of older ones. Also one statement. */
export async function readAround(
  db: Db,
  request: AroundRequest,
): Promise<(HistoryPage & { aroundSeq: number | undefined }) | undefined> {
  const { messageId, older, newer, userId } = request;
  const at = sql`(select seq from target)`;
  const read = await readRows(
    db,
    request,
    sql`target as materialized (select seq from messages where id = ${messageId}::uuid and channel_id = ${CHANNEL_ID}),
    page as materialized (
      (${nearest(seqRange("m", CHANNEL_ID, sql`0`, sql`${at} + 1`), "desc", older + 1, userId)})
      union all
      (${nearest(seqRange("m", CHANNEL_ID, at), "asc", newer, userId)})
    )`,
    sql`${at}::float8`,
  );
  if (read === undefined) return undefined;
  const { head, found } = read;
  const { around_seq: seq } = head;
  const isBeyond = seq !== null && found.filter((message) => message.seq <= seq).length > older;
  return { ...toPage(head, isBeyond ? found.slice(0, -1) : found, isBeyond, userId), aroundSeq: seq ?? undefined };
}

/**
 * Messages of a channel above a seq and below another one. By comparing rows: told by `=`, Postgres takes the channel for one of
 * average size, and would read and sort a large one as a whole for each page. Goes with an order by channel and seq.
 */
export function seqRange(alias: string, channelId: SQL, above: SQL, below?: SQL): SQL {
  const place = sql.raw(`(${alias}.channel_id, ${alias}.seq)`);
  const end = below === undefined ? sql`<= (${channelId}, 9223372036854775807)` : sql`< (${channelId}, ${below})`;
  return sql`${place} > (${channelId}, ${above}) and ${place} ${end}`;
}

/** Messages of a range, `limit` of them from one of its ends. */
function nearest(range: SQL, from: "desc" | "asc", limit: number, viewer: string | undefined): SQL {
  const direction = sql.raw(from);
  return sql`select m.* from messages m where ${range} and ${notBlocked("m", viewer)}
      order by m.channel_id ${direction}, m.seq ${direction} limit ${constant(limit)}`;
}

/** Not a parameter: with one Postgres reckons with a tenth of the channel, and so plans each execution of a prepared statement anew. */
function constant(limit: number): SQL {
  return sql.raw(String(Math.trunc(limit)));
}

/**
 * `page` is the CTE of that name, with whatever it needs in front of it. Messages come newest first, each as a row: an array of them made
 * by Postgres takes it half as long again, and everybody on the way too.
 */
async function readRows(
  db: Db,
  view: ChannelView,
  page: SQL,
  aroundSeq: SQL,
): Promise<{ head: PageHead; found: MessageRow[] } | undefined> {
  const { rows } = await db.execute<PageRow>(sql`
    with ${channelCte(view)}, ${page}
    select case when m.seq is not distinct from (select max(seq) from page) then (select to_json(head) from (
        select ch.*, ${aroundSeq} as around_seq, (${reactionsOfPage(sql`select id from page`, view.userId)}) as reactions) head)
      end as head, ${messageColumns("m")}
    from ch left join page m on true ${joins("m")} order by m.seq desc`);
  const head = rows[0]?.head;
  return head ? { head, found: rows.filter((row) => row.id !== null) } : undefined;
}

function toPage(head: PageHead, messages: MessageRow[], hasMore: boolean, viewer: string | undefined): HistoryPage {
  const channel = { channel_id: head.channel_id, channel_external_id: head.external_id };
  return {
    channelId: head.channel_id,
    ...placeOf(head),
    lastSeq: head.last_seq,
    messages: toMessages(messages, head.reactions ?? [], channel, viewer),
    hasMore,
  };
}

import { type SQL, sql } from "drizzle-orm";
import type { StoredMessage } from "../domain/hub-ports.ts";
import { preview } from "../domain/quote.ts";
import type { Message, QuotedMessage } from "../protocol/message.ts";
import { notBlocked } from "./blocks.ts";
import type { Db } from "./db.ts";
import { byRef, wireTime } from "./fragments.ts";

export interface HistoryRequest {
  workspaceId: string;
  /** Internal or external id of the channel. */
  channel: string;
  /** Whose view it is; undefined for a workspace key, which sees all channels. */
  userId: string | undefined;
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

type PageRow = {
  channel_id: string;
  is_member: boolean;
  changed_epoch: string | null;
  changed_seq: number;
  last_seq: number;
  messages: MessageJson[];
};
type MessageJson = Omit<Message, "client_id" | "quoted_message"> & {
  client_id: string | null;
  quoted_message: QuotedMessage | null;
};

/** Channel, membership and page in one statement. Undefined where there is no such channel. */
export async function readHistory(db: Db, request: HistoryRequest): Promise<HistoryPage | undefined> {
  const { limit, before, after, userId } = request;
  const channelId = sql`(select id from ch where may_read)`;
  const [range, order, indexOrder] =
    after !== undefined
      ? [seqRange("m", channelId, sql`${after}::bigint`), sql`m.seq`, sql`m.channel_id, m.seq`]
      : [
          seqRange("m", channelId, sql`0`, before === undefined ? undefined : sql`${before}::bigint`),
          sql`m.seq desc`,
          sql`m.channel_id desc, m.seq desc`,
        ];
  const { rows } = await db.execute<PageRow>(sql`
    with ${channelCte(request)},
    page as (
      select m.* from messages m
      where ${range} and ${notBlocked("m", userId)}
        ${request.threadRootId === undefined ? sql`` : sql`and m.thread_root_id = ${request.threadRootId}::uuid`}
      order by ${request.threadRootId === undefined ? indexOrder : order} limit ${limit + 1}
    )
    select ch.id as channel_id, ch.is_member, ch.changed_epoch, ch.changed_seq::float8 as changed_seq,
      ch.last_seq::float8 as last_seq, coalesce((select json_agg(${messageJson("m", sql`ch.external_id`, userId)} order by ${order}) from page m ${joins("m")}), '[]')
        as messages
    from ch`);
  const [row] = rows;
  if (row === undefined) return undefined;
  const nearest = row.messages.slice(0, limit).map((message) => toMessage(message, userId));
  return {
    channelId: row.channel_id,
    isMember: row.is_member,
    changed: { epoch: row.changed_epoch, seq: row.changed_seq },
    lastSeq: row.last_seq,
    messages: after === undefined ? nearest : nearest.reverse(),
    hasMore: row.messages.length > limit,
  };
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

/** One message of a channel. Undefined where there is no such channel, `message` undefined where no such message. */
export async function readMessage(
  db: Db,
  request: Omit<HistoryRequest, "limit" | "before"> & { messageId: string },
): Promise<(Pick<HistoryPage, "isMember" | "changed"> & { message: Message | undefined }) | undefined> {
  const { rows } = await db.execute<Omit<PageRow, "messages" | "last_seq"> & { message: MessageJson | null }>(sql`
    with ${channelCte(request)}
    select ch.is_member, ch.changed_epoch, ch.changed_seq::float8 as changed_seq, (
      select ${messageJson("m", sql`ch.external_id`, request.userId)} from messages m ${joins("m")}
      where m.id = ${request.messageId}::uuid and m.channel_id = ch.id and ch.may_read
    ) as message from ch`);
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    isMember: row.is_member,
    changed: { epoch: row.changed_epoch, seq: row.changed_seq },
    message: row.message === null ? undefined : toMessage(row.message, request.userId),
  };
}

/** A message of a channel as it is for everybody, with who reacted how. */
export async function findStoredMessage(
  db: Db,
  workspaceId: string,
  channelId: string,
  messageId: string,
): Promise<StoredMessage | undefined> {
  const { rows } = await db.execute<{ message: MessageJson; by_user: Record<string, string> }>(sql`
    select ${messageJson("m", sql`ch.external_id`, undefined)} as message,
      coalesce((select json_object_agg(user_id, emoji) from reactions where message_id = m.id), '{}') as by_user
    from messages m join channels ch on ch.id = m.channel_id ${joins("m")}
    where m.id = ${messageId}::uuid and m.channel_id = ${channelId}::uuid and m.workspace_id = ${workspaceId}::uuid`);
  const [row] = rows;
  if (row === undefined) return undefined;
  const {
    reactions: _reactions,
    reply_count: _count,
    last_repliers: _repliers,
    ...message
  } = toMessage(row.message, undefined);
  return { message, reactions: row.by_user };
}

function channelCte({ workspaceId, channel, userId }: Omit<HistoryRequest, "limit">): SQL {
  const { matches, internalFirst } = byRef("c", channel);
  const isMember =
    userId === undefined
      ? sql`true`
      : sql`exists (select from members where channel_id = c.id and user_id = ${userId}::uuid)`;
  return sql`ch as materialized (
    select c.id, c.external_id, c.changed_epoch, c.changed_seq, c.last_seq, ${isMember} as is_member, ${isMember} as may_read from channels c
    where c.workspace_id = ${workspaceId}::uuid and ${matches} and c.deleted_at is null order by ${internalFirst} limit 1)`;
}

/** The author, and the parent with its author, of a message. */
export function joins(alias: string): SQL {
  const m = sql.raw(alias);
  return sql`left join users u on u.id = ${m}.user_id
    left join messages q on q.id = ${m}.parent_id and q.channel_id = ${m}.channel_id
    left join users qu on qu.id = q.user_id`;
}

/**
 * `Message` as JSON, beside the joins above. A deleted author keeps its id and nothing else. Reactions and repliers are
 * looked up only for the messages of the page.
 */
export function messageJson(alias: string, channelExternalId: SQL, viewer: string | undefined): SQL {
  const m = sql.raw(alias);
  const isMine = viewer === undefined ? sql`false` : sql`bool_or(x.user_id = ${viewer}::uuid)`;
  return sql`json_build_object(
    'id', ${m}.id, 'channel_id', ${m}.channel_id, 'channel_external_id', ${channelExternalId}, 'seq', ${m}.seq,
    'user', case when ${m}.user_id is null then null else json_build_object('id', ${m}.user_id,
      'external_id', u.external_id, 'name', coalesce(u.name, ''), 'avatar_url', u.avatar_url) end,
    'user_id', ${m}.user_id, 'content', ${m}.content, 'type', ${m}.type, 'attachment_url', ${m}.attachment_url,
    'attachment', ${m}.attachment, 'created_at', ${wireTime(sql`${m}.created_at`)},
    'edited_at', ${wireTime(sql`${m}.edited_at`)}, 'deleted_at', ${wireTime(sql`${m}.deleted_at`)},
    'parent_id', ${m}.parent_id, 'quoted_message', case when q.id is null then null else json_build_object('id', q.id,
      'user_id', q.user_id, 'user_name', coalesce(qu.name, ''), 'content', q.content, 'type', q.type,
      'deleted', q.deleted_at is not null) end,
    'mentions', ${m}.mentions, 'reactions', coalesce((
      select json_agg(json_build_object('emoji', e.emoji, 'count', e.count, 'reacted_by_me', e.mine) order by e.first, e.emoji)
      from (select x.emoji, count(*)::int as count, ${isMine} as mine, min(x.created_at) as first
        from reactions x where x.message_id = ${m}.id group by x.emoji) e), '[]'::json),
    'metadata', ${m}.metadata, 'thread_root_id', ${m}.thread_root_id, 'reply_count', ${m}.reply_count,
    'last_repliers', case when ${m}.reply_count = 0 then '[]'::json else coalesce((
      select json_agg(json_build_object('id', t.user_id, 'external_id', tu.external_id, 'name', coalesce(tu.name, ''),
        'avatar_url', tu.avatar_url) order by t.seq desc)
      from (select user_id, max(seq) as seq from messages where thread_root_id = ${m}.id and deleted_at is null
        and user_id is not null group by user_id order by max(seq) desc limit 3) t
      left join users tu on tu.id = t.user_id), '[]'::json) end,
    'pinned_at', ${wireTime(sql`${m}.pinned_at`)}, 'streaming', ${m}.streaming, 'client_id', ${m}.client_id)`;
}

/** Leaves out what does not apply, and the idempotency key for all but its sender. */
export function toMessage(json: MessageJson, viewer: string | undefined): Message {
  const { client_id, quoted_message, ...message } = json;
  return {
    ...message,
    ...(quoted_message === null
      ? {}
      : { quoted_message: { ...quoted_message, content: preview(quoted_message.content) } }),
    ...(client_id !== null && viewer !== undefined && message.user_id === viewer ? { client_id } : {}),
  };
}

export type { MessageJson };

import { type SQL, sql } from "drizzle-orm";
import type { Message } from "../protocol/message.ts";
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
}

export interface HistoryPage {
  channelId: string;
  isMember: boolean;
  /** Newest first, at most `limit`; empty where the caller is no member. */
  messages: Message[];
  hasMore: boolean;
}

type PageRow = { channel_id: string; is_member: boolean; messages: MessageJson[] };
type MessageJson = Message & { client_id: string | null; quoted_message: Message["quoted_message"] | null };

/** Channel, membership and page in one statement. Undefined where there is no such channel. */
export async function readHistory(db: Db, request: HistoryRequest): Promise<HistoryPage | undefined> {
  const { limit, before } = request;
  const { rows } = await db.execute<PageRow>(sql`
    with ${channelCte(request)},
    page as (
      select m.* from messages m
      where m.channel_id = (select id from ch where may_read) ${before === undefined ? sql`` : sql`and m.seq < ${before}`}
      order by m.seq desc limit ${limit + 1}
    )
    select ch.id as channel_id, ch.is_member,
      coalesce((select json_agg(${messageJson("m", sql`ch.external_id`)} order by m.seq desc) from page m ${joins("m")}), '[]')
        as messages
    from ch`);
  const [row] = rows;
  if (row === undefined) return undefined;
  const messages = row.messages.slice(0, limit).map((message) => toMessage(message, request.userId));
  return { channelId: row.channel_id, isMember: row.is_member, messages, hasMore: row.messages.length > limit };
}

/** One message of a channel. Undefined where there is no such channel, `message` undefined where no such message. */
export async function readMessage(
  db: Db,
  request: Omit<HistoryRequest, "limit" | "before"> & { messageId: string },
): Promise<{ isMember: boolean; message: Message | undefined } | undefined> {
  const { rows } = await db.execute<{ is_member: boolean; message: MessageJson | null }>(sql`
    with ${channelCte(request)}
    select ch.is_member, (
      select ${messageJson("m", sql`ch.external_id`)} from messages m ${joins("m")}
      where m.id = ${request.messageId}::uuid and m.channel_id = ch.id and ch.may_read
    ) as message from ch`);
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    isMember: row.is_member,
    message: row.message === null ? undefined : toMessage(row.message, request.userId),
  };
}

/** A message of a channel as nobody in particular sees it. */
export async function findMessage(
  db: Db,
  workspaceId: string,
  channelId: string,
  messageId: string,
): Promise<Message | undefined> {
  const request = { workspaceId, channel: channelId, userId: undefined, messageId };
  return (await readMessage(db, request))?.message;
}

function channelCte({ workspaceId, channel, userId }: Omit<HistoryRequest, "limit">): SQL {
  const { matches, internalFirst } = byRef("c", channel);
  const isMember =
    userId === undefined
      ? sql`true`
      : sql`exists (select from members where channel_id = c.id and user_id = ${userId}::uuid)`;
  return sql`ch as materialized (
    select c.id, c.external_id, ${isMember} as is_member, ${isMember} as may_read from channels c
    where c.workspace_id = ${workspaceId}::uuid and ${matches} and c.deleted_at is null order by ${internalFirst} limit 1)`;
}

/** The author, and the parent with its author, of a message. */
export function joins(alias: string): SQL {
  const m = sql.raw(alias);
  return sql`left join users u on u.id = ${m}.user_id
    left join messages q on q.id = ${m}.parent_id and q.channel_id = ${m}.channel_id
    left join users qu on qu.id = q.user_id`;
}

/** `Message` as JSON, beside the joins above. A deleted author keeps its id and nothing else. */
export function messageJson(alias: string, channelExternalId: SQL): SQL {
  const m = sql.raw(alias);
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
    'mentions', ${m}.mentions, 'reactions', '[]'::json, 'metadata', ${m}.metadata, 'client_id', ${m}.client_id)`;
}

/** Leaves out what does not apply, and the idempotency key for all but its sender. */
export function toMessage(json: MessageJson, viewer: string | undefined): Message {
  const { client_id, quoted_message, ...message } = json;
  return {
    ...message,
    ...(quoted_message === null ? {} : { quoted_message }),
    ...(client_id !== null && viewer !== undefined && message.user_id === viewer ? { client_id } : {}),
  };
}

export type { MessageJson };

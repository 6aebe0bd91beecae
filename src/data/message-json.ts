import { type SQL, sql } from "drizzle-orm";
import type { Message, QuotedMessage } from "../protocol/message.ts";
import { PREVIEW_CHARS, preview } from "../protocol/preview.ts";
import type { UserSummary } from "../protocol/user.ts";
import { wireTimeText } from "./fragments.ts";

type Reaction = Message["reactions"][number];

/** A message as `messageColumns` reads it: what `toMessage` makes the wire's form of. */
export type MessageRow = Omit<
  Message,
  "channel_id" | "channel_external_id" | "user" | "quoted_message" | "reactions" | "last_repliers" | "client_id"
> & {
  external_id: string | null;
  name: string | null;
  avatar_url: string | null;
  quoted_message: QuotedMessage | null;
  /** Null where there are none. */
  last_repliers: UserSummary[] | null;
  client_id: string | null;
};

type Channel = Pick<Message, "channel_id" | "channel_external_id">;

/** A message with all that `toMessage` needs. */
export type MessageJson = MessageRow & Channel & { reactions: Reaction[] | null };

/** One emoji of one message of a page. */
export type ReactionRow = Reaction & { message_id: string };

/** The author of a message. */
export function joins(alias: string): SQL {
  return sql`left join users u on u.id = ${sql.raw(alias)}.user_id`;
}

/**
 * Columns of a message beside the joins above, as `MessageRow`. What most messages have not is looked up for those that have it only.
 * The wire's form is made of them by `toMessage`: Postgres takes several times as long for building JSON as the Worker does.
 */
export function messageColumns(alias: string): SQL {
  const known = columns.get(alias);
  if (known !== undefined) return known;
  const made = sql.raw(columnsText(alias));
  columns.set(alias, made);
  return made;
}

const columns = new Map<string, SQL>();

function columnsText(m: string): string {
  return `${m}.id, ${m}.seq, ${m}.user_id, u.external_id, u.name, u.avatar_url, ${m}.content, ${m}.type, ${m}.attachment_url,
    ${m}.attachment, ${wireTimeText(`${m}.created_at`)} as created_at, ${wireTimeText(`${m}.edited_at`)} as edited_at,
    ${wireTimeText(`${m}.deleted_at`)} as deleted_at, ${m}.parent_id, case when ${m}.parent_id is not null then (
      select to_json(quoted) from (
        select q.id, q.user_id, coalesce(qu.name, '') as user_name,
          left(q.content, ${PREVIEW_CHARS + 1}) as content, q.type, q.deleted_at is not null as deleted
        from messages q left join users qu on qu.id = q.user_id where q.id = ${m}.parent_id and q.channel_id = ${m}.channel_id
      ) quoted) end as quoted_message,
    ${m}.mentions, ${m}.metadata, ${m}.thread_root_id, ${m}.reply_count, case when ${m}.reply_count > 0 then (
      select json_agg(replier) from (
        select t.user_id as id, tu.external_id, coalesce(tu.name, '') as name, tu.avatar_url
        from (select user_id, max(seq) as seq from messages where thread_root_id = ${m}.id and deleted_at is null
          and user_id is not null group by user_id order by max(seq) desc limit 3) t
        left join users tu on tu.id = t.user_id order by t.seq desc
      ) replier) end as last_repliers,
    ${wireTimeText(`${m}.pinned_at`)} as pinned_at, ${m}.streaming, ${m}.client_id`;
}

/** `MessageJson` of one message, beside the joins above. */
export function messageJson(alias: string, channelExternalId: SQL, viewer: string | undefined): SQL {
  const m = sql.raw(alias);
  return sql`(select to_json(message) from (
    select ${m}.channel_id, ${channelExternalId} as channel_external_id, ${messageColumns(alias)},
      (${reactionsOfPage(sql`select ${m}.id`, viewer)}) as reactions) message)`;
}

/** All reactions to the messages of a page (a select of their ids), those of one message from the first emoji to the last one. Null for none. */
export function reactionsOfPage(messageIds: SQL, viewer: string | undefined): SQL {
  const isMine = viewer === undefined ? sql`false` : sql`bool_or(user_id = ${viewer}::uuid)`;
  return sql`select json_agg(reaction) from (
    select message_id, emoji, count(*)::int as count, ${isMine} as reacted_by_me from reactions
    where message_id = any(array(${messageIds})) group by message_id, emoji order by message_id, min(created_at), emoji
  ) reaction`;
}

/** Leaves out what does not apply, and the idempotency key for all but its sender. A deleted author keeps its id and nothing else. */
export function toMessage(json: MessageJson, viewer: string | undefined): Message {
  return build(json, json.reactions?.map(toReaction) ?? [], json, viewer);
}

/** The same for the messages of a page of one channel. */
export function toMessages(
  rows: MessageRow[],
  reactions: ReactionRow[],
  channel: Channel,
  viewer: string | undefined,
): Message[] {
  const byMessage = Map.groupBy(reactions, (reaction) => reaction.message_id);
  return rows.map((row) => build(row, byMessage.get(row.id)?.map(toReaction) ?? [], channel, viewer));
}

function toReaction({ emoji, count, reacted_by_me }: Reaction): Reaction {
  return { emoji, count, reacted_by_me };
}

function build(row: MessageRow, reactions: Reaction[], channel: Channel, viewer: string | undefined): Message {
  const { user_id: userId, quoted_message: quoted, client_id: clientId } = row;
  return {
    id: row.id,
    channel_id: channel.channel_id,
    channel_external_id: channel.channel_external_id,
    seq: row.seq,
    user:
      userId === null
        ? null
        : { id: userId, external_id: row.external_id, name: row.name ?? "", avatar_url: row.avatar_url },
    user_id: userId,
    content: row.content,
    type: row.type,
    attachment_url: row.attachment_url,
    attachment: row.attachment,
    created_at: row.created_at,
    edited_at: row.edited_at,
    deleted_at: row.deleted_at,
    parent_id: row.parent_id,
    ...(quoted === null ? {} : { quoted_message: { ...quoted, content: preview(quoted.content) } }),
    mentions: row.mentions,
    reactions,
    metadata: row.metadata,
    thread_root_id: row.thread_root_id,
    reply_count: row.reply_count,
    last_repliers: row.last_repliers ?? [],
    pinned_at: row.pinned_at,
    streaming: row.streaming,
    ...(clientId !== null && viewer !== undefined && userId === viewer ? { client_id: clientId } : {}),
  };
}

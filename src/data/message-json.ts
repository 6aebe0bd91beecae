import { type SQL, sql } from "drizzle-orm";
import type { Message, QuotedMessage } from "../protocol/message.ts";
import { preview } from "../protocol/preview.ts";
import type { UserSummary } from "../protocol/user.ts";
import { wireTimeText } from "./fragments.ts";
import { ownStrings } from "./own-strings.ts";
import { wireTimeOf } from "./wire-time.ts";

type Reaction = Message["reactions"][number];
/** With the message that it is to. */
export type MessageReaction = Reaction & { message_id: string };

/** A message as `messageColumns` reads it: what `toMessage` makes the wire's form of. */
export type MessageRow = {
  id: string;
  seq: number;
  user_id: string | null;
  user_external_id: string | null;
  user_name: string | null;
  user_avatar_url: string | null;
  content: string;
  type: Message["type"];
  /** Seconds since 1970. */
  created_at: number;
  client_id: string | null;
  /** Null for most messages, which have nothing of it. */
  rest: MessageRest | null;
};

/** What most messages have not. */
export type MessageRest = Pick<
  Message,
  | "attachment_url"
  | "attachment"
  | "edited_at"
  | "deleted_at"
  | "pinned_at"
  | "parent_id"
  | "mentions"
  | "metadata"
  | "thread_root_id"
  | "reply_count"
  | "streaming"
> & {
  quoted_message: QuotedMessage | null;
  /** Null where there are none. */
  last_repliers: UserSummary[] | null;
};

const NO_REST: MessageRest = {
  attachment_url: null,
  attachment: null,
  edited_at: null,
  deleted_at: null,
  pinned_at: null,
  parent_id: null,
  mentions: [],
  metadata: {},
  thread_root_id: null,
  reply_count: 0,
  streaming: false,
  quoted_message: null,
  last_repliers: null,
};

type Channel = Pick<Message, "channel_id" | "channel_external_id">;

/** A message with its reactions; null where there are none. */
export type PageMessageRow = MessageRow & { reactions: Reaction[] | null };

/** A message with all that `toMessage` needs. */
export type MessageJson = PageMessageRow & Channel;

/** The author of a message. */
export function joins(alias: string): SQL {
  return sql`left join users u on u.id = ${sql.raw(alias)}.user_id`;
}

/**
 * Columns of a message beside the joins above, as `MessageRow`. Few columns, and what most messages have not as one value: text of a
 * column, JSON around it and its way through the driver cost more than finding the rows.
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
  return `${m}.id, ${m}.seq::float8 as seq, ${m}.user_id, u.external_id as user_external_id, u.name as user_name,
    u.avatar_url as user_avatar_url, ${m}.content, ${m}.type, date_part('epoch', ${m}.created_at) as created_at, ${m}.client_id,
    case when ${hasRestText(m)} then (${restText(m)}) end as rest`;
}

/** True of a message that has something of `MessageRest`. */
export function hasRest(alias: string): SQL {
  return sql.raw(hasRestText(alias));
}

/** `MessageRest` of a message, as a query with functions of `functions.ts`. */
export function messageRest(alias: string): SQL {
  return sql.raw(restText(alias));
}

function hasRestText(m: string): string {
  return `num_nonnulls(${m}.attachment_url, ${m}.attachment, ${m}.edited_at, ${m}.deleted_at, ${m}.pinned_at, ${m}.parent_id,
      ${m}.thread_root_id) > 0 or ${m}.reply_count > 0 or ${m}.streaming or ${m}.mentions <> '[]' or ${m}.metadata <> '{}'`;
}

function restText(m: string): string {
  return `select to_json(rest) from (select ${m}.attachment_url, ${m}.attachment, ${wireTimeText(`${m}.edited_at`)} as edited_at,
      ${wireTimeText(`${m}.deleted_at`)} as deleted_at, ${wireTimeText(`${m}.pinned_at`)} as pinned_at, ${m}.parent_id,
      ${m}.mentions, ${m}.metadata, ${m}.thread_root_id, ${m}.reply_count, ${m}.streaming,
      case when ${m}.parent_id is not null then kabar_quoted_message(${m}.parent_id, ${m}.channel_id) end as quoted_message,
      case when ${m}.reply_count > 0 then kabar_last_repliers(${m}.id) end as last_repliers) rest`;
}

/** `MessageJson` of one message, beside the joins above. */
export function messageJson(alias: string, channelExternalId: SQL, viewer: string | undefined): SQL {
  const m = sql.raw(alias);
  return sql`(select to_json(message) from (
    select ${m}.channel_id, ${channelExternalId} as channel_external_id, ${messageColumns(alias)},
      (${reactionsOf(sql`${m}.id`, viewer === undefined ? sql`null::uuid` : sql`${viewer}::uuid`)}) as reactions) message)`;
}

/** All reactions to a message, `Reaction` each, from the first emoji to the last one. Null for none. */
function reactionsOf(messageId: SQL, viewer: SQL): SQL {
  return sql`select json_agg(reaction) from (
    select ${reactionColumns(viewer)} from reactions r
    where r.message_id = ${messageId} group by emoji order by min(r.created_at), emoji
  ) reaction`;
}

/** All reactions to some messages, as `MessageReaction`. Null for none. */
export function pageReactions(messageIds: SQL, viewer: SQL): SQL {
  return sql`select json_agg(reaction) from (
    select r.message_id, ${reactionColumns(viewer)} from reactions r
    where r.message_id = any (${messageIds}) group by r.message_id, emoji order by r.message_id, min(r.created_at), emoji
  ) reaction`;
}

function reactionColumns(viewer: SQL): SQL {
  return sql`emoji, count(*)::int as count, coalesce(bool_or(r.user_id = ${viewer}), false) as reacted_by_me`;
}

/** Leaves out what does not apply, and the idempotency key for all but its sender. A deleted author keeps its id and nothing else. */
export function toMessage(json: MessageJson, viewer: string | undefined): Message {
  return build(json, json, viewer, createdAtOf(json));
}

/** The same for the messages of a page of one channel. */
export function toMessages(rows: PageMessageRow[], channel: Channel, viewer: string | undefined): Message[] {
  const times = ownStrings(rows.map(createdAtOf));
  return rows.map((row, index) => build(row, channel, viewer, times[index] ?? ""));
}

function createdAtOf({ created_at: seconds }: MessageRow): string {
  // Seconds have a fraction that is not exact; the column has milliseconds.
  return wireTimeOf(Math.round(seconds * 1000));
}

function build(row: PageMessageRow, channel: Channel, viewer: string | undefined, createdAt: string): Message {
  const { user_id: userId, client_id: clientId } = row;
  const rest = row.rest ?? NO_REST;
  // One literal of one form: an object with parts spread into it takes several times as long.
  const message: Message = {
    id: row.id,
    channel_id: channel.channel_id,
    channel_external_id: channel.channel_external_id,
    seq: row.seq,
    user:
      userId === null
        ? null
        : {
            id: userId,
            external_id: row.user_external_id,
            name: row.user_name ?? "",
            avatar_url: row.user_avatar_url,
          },
    user_id: userId,
    content: row.content,
    type: row.type,
    attachment_url: rest.attachment_url,
    attachment: rest.attachment,
    created_at: createdAt,
    edited_at: rest.edited_at,
    deleted_at: rest.deleted_at,
    parent_id: rest.parent_id,
    mentions: rest.mentions,
    reactions: row.reactions ?? [],
    metadata: rest.metadata,
    thread_root_id: rest.thread_root_id,
    reply_count: rest.reply_count,
    last_repliers: rest.last_repliers ?? [],
    pinned_at: rest.pinned_at,
    streaming: rest.streaming,
  };
  const quoted = rest.quoted_message;
  if (quoted !== null) message.quoted_message = { ...quoted, content: preview(quoted.content) };
  if (clientId !== null && viewer !== undefined && userId === viewer) message.client_id = clientId;
  return message;
}

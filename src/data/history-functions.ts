import { type SQL, sql } from "drizzle-orm";
import { PREVIEW_CHARS } from "../protocol/preview.ts";
import { isNoneOf } from "./fragments.ts";
import { hasRest, joins, messageRest, pageReactions } from "./message-json.ts";

/**
 * `QuotedMessage` with the beginning of its content, of a message by its id and its channel's; null where the channel has none.
 */
export const QUOTED_MESSAGE = sql`CREATE OR REPLACE FUNCTION kabar_quoted_message(p_message uuid, p_channel uuid)
RETURNS json LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (select to_json(quoted) from (
    select q.id, q.user_id, coalesce(u.name, '') as user_name, left(q.content, ${sql.raw(String(PREVIEW_CHARS + 1))}) as content,
      q.type, q.deleted_at is not null as deleted
    from messages q ${joins("q")} where q.id = p_message and q.channel_id = p_channel
  ) quoted);
END $$;`;

const REPLIERS_SHOWN = 3;

/**
 * `UserSummary` of who replied last in the thread under a message, the last one first; null where nobody did. One by one, each from the end
 * of the thread: together they would take all of its replies, on every page that shows the message.
 */
export const LAST_REPLIERS = sql`CREATE OR REPLACE FUNCTION kabar_last_repliers(p_root uuid)
RETURNS json LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  v_users uuid[] := '{}';
  v_user uuid;
BEGIN
  FOR place IN 1..${sql.raw(String(REPLIERS_SHOWN))} LOOP
    select m.user_id into v_user from messages m where m.thread_root_id = p_root and m.deleted_at is null and m.user_id is not null
      and ${isNoneOf(sql`m.user_id`, sql`v_users`)} order by m.seq desc limit 1;
    EXIT WHEN NOT FOUND;
    v_users := v_users || v_user;
  END LOOP;
  RETURN (select json_agg(json_build_object('id', t.user_id, 'external_id', u.external_id, 'name', coalesce(u.name, ''),
      'avatar_url', u.avatar_url) order by t.place)
    from unnest(v_users) with ordinality as t (user_id, place) ${joins("t")});
END $$;`;

/** Of a query's messages `m`, those whose authors the viewer has not blocked. */
const SEEN = isNoneOf(sql`m.user_id`, sql`v_blocked`);
const NEWEST_FIRST = sql`m.channel_id desc, m.seq desc`;

/** Messages that a condition on `m` names, at most `limit`, in the order in which they are taken. */
function taken(condition: SQL, order: SQL, limit: SQL): SQL {
  return sql`select * from messages m where ${condition} and ${SEEN} order by ${order} limit ${limit}`;
}

const THREAD = taken(
  sql`m.thread_root_id = p_thread and m.channel_id = v_channel.channel_id and m.seq < p_below`,
  sql`m.seq desc`,
  sql`p_older`,
);
const OLDER = taken(
  sql`(m.channel_id, m.seq) > (v_channel.channel_id, 0) and (m.channel_id, m.seq) < (v_channel.channel_id, p_below)`,
  NEWEST_FIRST,
  sql`p_older`,
);
const NEWER = taken(
  sql`(m.channel_id, m.seq) > (v_channel.channel_id, p_above)
      and (m.channel_id, m.seq) <= (v_channel.channel_id, 9223372036854775807)`,
  sql`m.channel_id, m.seq`,
  sql`p_newer`,
);
const COPIED = sql`select * from messages m where (m.channel_id, m.seq) >= (p_channel, p_from) and (m.channel_id, m.seq) < (p_channel, p_below)
    order by ${NEWEST_FIRST}`;
const NEWER_FIRST = sql`select * from (${NEWER}) m order by m.seq desc`;
const AROUND = sql`select * from ((${NEWER}) union all (${OLDER})) m order by m.seq desc`;

/** Sets the columns of `MessageColumns` that are made of messages alone, which come newest first. */
function columnsOf(messages: SQL, isOwnKey: SQL): SQL {
  return sql`select array_agg(m.id), array_agg(m.user_id), string_agg(m.seq::text, ','), string_agg(m.type, ','),
      string_agg((date_part('epoch', m.created_at) * 1000)::bigint::text, ','), json_agg(m.content),
      json_object_agg(m.seq, m.client_id) filter (where ${isOwnKey}m.client_id is not null),
      json_object_agg(m.seq, (${messageRest("m")})) filter (where ${hasRest("m")})
    into v_ids, v_users, seqs, types, times, contents, client_ids, rests from (${messages}) m;`;
}

const VIEWERS_KEY = sql`m.user_id = p_viewer and `;
const ANY_KEY = sql``;
/** Who wrote the messages, as `MessageColumns` names them. */
const TEXTS_AND_AUTHORS = sql`ids := array_to_string(v_ids, ',');
    user_ids := array_to_string(v_users, ',', '');
    authors := (select json_agg(json_build_array(u.id, u.external_id, u.name, u.avatar_url)) from users u where u.id = any (v_users));`;

/**
 * `PageRow` for `readHistory` and `readAround`: a channel, by its internal or external id, and, newest first, of its messages the
 * `p_newer` nearest ones above a seq and the `p_older` nearest ones below one. With `p_message` both places are that message's, itself
 * among the older ones; with `p_thread` only its replies are read, and only older ones. No row where there is no such channel, no message
 * for who is no member. All of it sees the one moment of the statement that calls.
 *
 * One row holds the page: a value for each message and column costs Postgres, the driver and everybody between more than all messages'
 * values in one text. Authors and reactions are looked up for the page as a whole.
 *
 * Ranges compare rows: told by `=`, Postgres takes the channel for one of average size, and would read and sort a large one as a
 * whole for each page. With limits that it does not know it finds a plan for all cases dear and would make one for each, hence `SET`.
 * Each kind of page is a query of its own, which keeps its messages in the order in which they are found: one for all kinds has to set
 * them aside as a whole and sort them.
 */
export const HISTORY_COLUMNS = sql`CREATE OR REPLACE FUNCTION kabar_history_columns(
  p_workspace uuid, p_channel text, p_channel_id uuid, p_viewer uuid, p_message uuid, p_thread uuid,
  p_below bigint, p_above bigint, p_older int, p_newer int
) RETURNS TABLE (
  head json, ids text, seqs text, user_ids text, types text, times text, contents json, client_ids json, rests json, authors json,
  reactions json
) LANGUAGE plpgsql STABLE PARALLEL SAFE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_channel record;
  v_at bigint;
  v_blocked uuid[];
  v_ids uuid[];
  v_users uuid[];
BEGIN
  select c.id as channel_id, c.external_id, c.changed_epoch, c.changed_seq::float8 as changed_seq, c.last_seq::float8 as last_seq,
    p_viewer is null or exists (select from members where members.channel_id = c.id and members.user_id = p_viewer) as is_member
  into v_channel from channels c
  where c.workspace_id = p_workspace and (c.external_id = p_channel or c.id = p_channel_id) and c.deleted_at is null
  order by (c.id = p_channel_id) desc nulls last limit 1;
  if not found then return; end if;

  v_blocked := array(select blocked_user_id from blocks where blocks.user_id = p_viewer);
  if p_message is not null then
    select m.seq into v_at from messages m where m.id = p_message and m.channel_id = v_channel.channel_id;
    p_below := v_at + 1;
    p_above := v_at;
  end if;
  head := json_build_object('channel_id', v_channel.channel_id, 'external_id', v_channel.external_id,
    'is_member', v_channel.is_member, 'changed_epoch', v_channel.changed_epoch, 'changed_seq', v_channel.changed_seq,
    'last_seq', v_channel.last_seq, 'around_seq', v_at, 'blocked', to_json(v_blocked));

  if v_channel.is_member then
    if p_thread is not null then
      ${columnsOf(THREAD, VIEWERS_KEY)}
    elsif p_newer > 0 and p_older > 0 then
      ${columnsOf(AROUND, VIEWERS_KEY)}
    elsif p_newer > 0 then
      ${columnsOf(NEWER_FIRST, VIEWERS_KEY)}
    else
      ${columnsOf(OLDER, VIEWERS_KEY)}
    end if;
    ${TEXTS_AND_AUTHORS}
    reactions := (${pageReactions(sql`v_ids`, sql`p_viewer`)});
  end if;
  return next;
END $$;`;

/**
 * `CopyRow` for a hub's copy of a channel: its messages with `p_from <= seq < p_below` as who holds a workspace key sees them, with every
 * author's idempotency key and everybody's reactions. No row where there is no such channel. One look at the messages, as there are many.
 */
export const HISTORY_COPY = sql`CREATE OR REPLACE FUNCTION kabar_history_copy(
  p_workspace uuid, p_channel uuid, p_from bigint, p_below bigint
) RETURNS TABLE (
  last_seq float8, external_id text, ids text, seqs text, user_ids text, types text, times text, contents json, client_ids json, rests json,
  authors json, reactors json
) LANGUAGE plpgsql STABLE PARALLEL SAFE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_ids uuid[];
  v_users uuid[];
BEGIN
  select c.last_seq::float8, c.external_id into last_seq, external_id from channels c
  where c.workspace_id = p_workspace and c.id = p_channel and c.deleted_at is null;
  if not found then return; end if;

  ${columnsOf(COPIED, ANY_KEY)}
  ${TEXTS_AND_AUTHORS}
  reactors := (select json_agg(json_build_array(r.message_id, r.emoji, r.user_id) order by r.created_at, r.emoji)
    from reactions r where r.message_id = any (v_ids));
  return next;
END $$;`;

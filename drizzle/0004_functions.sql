CREATE OR REPLACE FUNCTION kabar_last_repliers(p_root uuid)
RETURNS json LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  v_users uuid[] := '{}';
  v_user uuid;
BEGIN
  FOR place IN 1..3 LOOP
    select m.user_id into v_user from messages m where m.thread_root_id = p_root and m.deleted_at is null and m.user_id is not null
      and case when m.user_id = any (v_users) then false else true end order by m.seq desc limit 1;
    EXIT WHEN NOT FOUND;
    v_users := v_users || v_user;
  END LOOP;
  RETURN (select json_agg(json_build_object('id', t.user_id, 'external_id', u.external_id, 'name', coalesce(u.name, ''),
      'avatar_url', u.avatar_url) order by t.place)
    from unnest(v_users) with ordinality as t (user_id, place) left join users u on u.id = t.user_id);
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION kabar_history_columns(
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
      select array_agg(m.id), array_agg(m.user_id), string_agg(m.seq::text, ','), string_agg(m.type, ','),
      string_agg((date_part('epoch', m.created_at) * 1000)::bigint::text, ','), json_agg(m.content),
      json_object_agg(m.seq, m.client_id) filter (where m.user_id = p_viewer and m.client_id is not null),
      json_object_agg(m.seq, (select to_json(rest) from (select m.attachment_url, m.attachment, to_char(m.edited_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as edited_at,
      to_char(m.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as deleted_at, to_char(m.pinned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as pinned_at, m.parent_id,
      m.mentions, m.metadata, m.thread_root_id, m.reply_count, m.streaming,
      case when m.parent_id is not null then kabar_quoted_message(m.parent_id, m.channel_id) end as quoted_message,
      case when m.reply_count > 0 then kabar_last_repliers(m.id) end as last_repliers) rest)) filter (where num_nonnulls(m.attachment_url, m.attachment, m.edited_at, m.deleted_at, m.pinned_at, m.parent_id,
      m.thread_root_id) > 0 or m.reply_count > 0 or m.streaming or m.mentions <> '[]' or m.metadata <> '{}')
    into v_ids, v_users, seqs, types, times, contents, client_ids, rests from (select * from messages m where m.thread_root_id = p_thread and m.channel_id = v_channel.channel_id and m.seq < p_below and case when m.user_id = any (v_blocked) then false else true end order by m.seq desc limit p_older) m;
    elsif p_newer > 0 and p_older > 0 then
      select array_agg(m.id), array_agg(m.user_id), string_agg(m.seq::text, ','), string_agg(m.type, ','),
      string_agg((date_part('epoch', m.created_at) * 1000)::bigint::text, ','), json_agg(m.content),
      json_object_agg(m.seq, m.client_id) filter (where m.user_id = p_viewer and m.client_id is not null),
      json_object_agg(m.seq, (select to_json(rest) from (select m.attachment_url, m.attachment, to_char(m.edited_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as edited_at,
      to_char(m.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as deleted_at, to_char(m.pinned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as pinned_at, m.parent_id,
      m.mentions, m.metadata, m.thread_root_id, m.reply_count, m.streaming,
      case when m.parent_id is not null then kabar_quoted_message(m.parent_id, m.channel_id) end as quoted_message,
      case when m.reply_count > 0 then kabar_last_repliers(m.id) end as last_repliers) rest)) filter (where num_nonnulls(m.attachment_url, m.attachment, m.edited_at, m.deleted_at, m.pinned_at, m.parent_id,
      m.thread_root_id) > 0 or m.reply_count > 0 or m.streaming or m.mentions <> '[]' or m.metadata <> '{}')
    into v_ids, v_users, seqs, types, times, contents, client_ids, rests from (select * from ((select * from messages m where (m.channel_id, m.seq) > (v_channel.channel_id, p_above)
      and (m.channel_id, m.seq) <= (v_channel.channel_id, 9223372036854775807) and case when m.user_id = any (v_blocked) then false else true end order by m.channel_id, m.seq limit p_newer) union all (select * from messages m where (m.channel_id, m.seq) > (v_channel.channel_id, 0) and (m.channel_id, m.seq) < (v_channel.channel_id, p_below) and case when m.user_id = any (v_blocked) then false else true end order by m.channel_id desc, m.seq desc limit p_older)) m order by m.seq desc) m;
    elsif p_newer > 0 then
      select array_agg(m.id), array_agg(m.user_id), string_agg(m.seq::text, ','), string_agg(m.type, ','),
      string_agg((date_part('epoch', m.created_at) * 1000)::bigint::text, ','), json_agg(m.content),
      json_object_agg(m.seq, m.client_id) filter (where m.user_id = p_viewer and m.client_id is not null),
      json_object_agg(m.seq, (select to_json(rest) from (select m.attachment_url, m.attachment, to_char(m.edited_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as edited_at,
      to_char(m.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as deleted_at, to_char(m.pinned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as pinned_at, m.parent_id,
      m.mentions, m.metadata, m.thread_root_id, m.reply_count, m.streaming,
      case when m.parent_id is not null then kabar_quoted_message(m.parent_id, m.channel_id) end as quoted_message,
      case when m.reply_count > 0 then kabar_last_repliers(m.id) end as last_repliers) rest)) filter (where num_nonnulls(m.attachment_url, m.attachment, m.edited_at, m.deleted_at, m.pinned_at, m.parent_id,
      m.thread_root_id) > 0 or m.reply_count > 0 or m.streaming or m.mentions <> '[]' or m.metadata <> '{}')
    into v_ids, v_users, seqs, types, times, contents, client_ids, rests from (select * from (select * from messages m where (m.channel_id, m.seq) > (v_channel.channel_id, p_above)
      and (m.channel_id, m.seq) <= (v_channel.channel_id, 9223372036854775807) and case when m.user_id = any (v_blocked) then false else true end order by m.channel_id, m.seq limit p_newer) m order by m.seq desc) m;
    else
      select array_agg(m.id), array_agg(m.user_id), string_agg(m.seq::text, ','), string_agg(m.type, ','),
      string_agg((date_part('epoch', m.created_at) * 1000)::bigint::text, ','), json_agg(m.content),
      json_object_agg(m.seq, m.client_id) filter (where m.user_id = p_viewer and m.client_id is not null),
      json_object_agg(m.seq, (select to_json(rest) from (select m.attachment_url, m.attachment, to_char(m.edited_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as edited_at,
      to_char(m.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as deleted_at, to_char(m.pinned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as pinned_at, m.parent_id,
      m.mentions, m.metadata, m.thread_root_id, m.reply_count, m.streaming,
      case when m.parent_id is not null then kabar_quoted_message(m.parent_id, m.channel_id) end as quoted_message,
      case when m.reply_count > 0 then kabar_last_repliers(m.id) end as last_repliers) rest)) filter (where num_nonnulls(m.attachment_url, m.attachment, m.edited_at, m.deleted_at, m.pinned_at, m.parent_id,
      m.thread_root_id) > 0 or m.reply_count > 0 or m.streaming or m.mentions <> '[]' or m.metadata <> '{}')
    into v_ids, v_users, seqs, types, times, contents, client_ids, rests from (select * from messages m where (m.channel_id, m.seq) > (v_channel.channel_id, 0) and (m.channel_id, m.seq) < (v_channel.channel_id, p_below) and case when m.user_id = any (v_blocked) then false else true end order by m.channel_id desc, m.seq desc limit p_older) m;
    end if;
    ids := array_to_string(v_ids, ',');
    user_ids := array_to_string(v_users, ',', '');
    authors := (select json_agg(json_build_array(u.id, u.external_id, u.name, u.avatar_url)) from users u where u.id = any (v_users));
    reactions := (select json_agg(reaction) from (
    select r.message_id, emoji, count(*)::int as count, coalesce(bool_or(r.user_id = p_viewer), false) as reacted_by_me from reactions r
    where r.message_id = any (v_ids) group by r.message_id, emoji order by r.message_id, min(r.created_at), emoji
  ) reaction);
  end if;
  return next;
END $$;

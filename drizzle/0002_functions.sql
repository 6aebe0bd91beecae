CREATE OR REPLACE FUNCTION kabar_history_page(
  p_workspace uuid, p_channel text, p_channel_id uuid, p_viewer uuid, p_message uuid, p_thread uuid,
  p_below bigint, p_above bigint, p_older int, p_newer int
) RETURNS TABLE (
  head json, id uuid, seq float8, user_id uuid, user_external_id text, user_name text, user_avatar_url text,
  content text, type text, created_at float8, client_id text, rest json, reactions json
) LANGUAGE plpgsql STABLE PARALLEL SAFE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_channel record;
  v_at bigint;
  v_blocked uuid[];
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
  return next;

  if not v_channel.is_member then return; end if;
  if p_thread is not null then
    return query select null::json, m.id, m.seq::float8 as seq, m.user_id, u.external_id as user_external_id, u.name as user_name,
    u.avatar_url as user_avatar_url, m.content, m.type, date_part('epoch', m.created_at) as created_at, m.client_id,
    case when num_nonnulls(m.attachment_url, m.attachment, m.edited_at, m.deleted_at, m.pinned_at, m.parent_id,
      m.thread_root_id) > 0 or m.reply_count > 0 or m.streaming or m.mentions <> '[]' or m.metadata <> '{}'
    then (select to_json(rest) from (select m.attachment_url, m.attachment, to_char(m.edited_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as edited_at,
      to_char(m.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as deleted_at, to_char(m.pinned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as pinned_at, m.parent_id,
      m.mentions, m.metadata, m.thread_root_id, m.reply_count, m.streaming,
      case when m.parent_id is not null then kabar_quoted_message(m.parent_id, m.channel_id) end as quoted_message,
      case when m.reply_count > 0 then kabar_last_repliers(m.id) end as last_repliers) rest) end as rest, (select json_agg(reaction) from (
    select emoji, count(*)::int as count, coalesce(bool_or(r.user_id = p_viewer), false) as reacted_by_me from reactions r
    where r.message_id = m.id group by emoji order by min(r.created_at), emoji
  ) reaction)
    from (select * from messages m where m.thread_root_id = p_thread and m.channel_id = v_channel.channel_id and m.seq < p_below and (m.user_id is null or m.user_id <> all (v_blocked)) order by m.seq desc limit p_older) m
    left join users u on u.id = m.user_id order by m.channel_id desc, m.seq desc;
    return;
  end if;
  if p_newer > 0 then
    return query select null::json, m.id, m.seq::float8 as seq, m.user_id, u.external_id as user_external_id, u.name as user_name,
    u.avatar_url as user_avatar_url, m.content, m.type, date_part('epoch', m.created_at) as created_at, m.client_id,
    case when num_nonnulls(m.attachment_url, m.attachment, m.edited_at, m.deleted_at, m.pinned_at, m.parent_id,
      m.thread_root_id) > 0 or m.reply_count > 0 or m.streaming or m.mentions <> '[]' or m.metadata <> '{}'
    then (select to_json(rest) from (select m.attachment_url, m.attachment, to_char(m.edited_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as edited_at,
      to_char(m.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as deleted_at, to_char(m.pinned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as pinned_at, m.parent_id,
      m.mentions, m.metadata, m.thread_root_id, m.reply_count, m.streaming,
      case when m.parent_id is not null then kabar_quoted_message(m.parent_id, m.channel_id) end as quoted_message,
      case when m.reply_count > 0 then kabar_last_repliers(m.id) end as last_repliers) rest) end as rest, (select json_agg(reaction) from (
    select emoji, count(*)::int as count, coalesce(bool_or(r.user_id = p_viewer), false) as reacted_by_me from reactions r
    where r.message_id = m.id group by emoji order by min(r.created_at), emoji
  ) reaction)
    from (select * from messages m where (m.channel_id, m.seq) > (v_channel.channel_id, p_above) and (m.channel_id, m.seq) <= (v_channel.channel_id, 9223372036854775807) and (m.user_id is null or m.user_id <> all (v_blocked)) order by m.channel_id, m.seq limit p_newer) m
    left join users u on u.id = m.user_id order by m.channel_id desc, m.seq desc;
  end if;
  if p_older > 0 then
    return query select null::json, m.id, m.seq::float8 as seq, m.user_id, u.external_id as user_external_id, u.name as user_name,
    u.avatar_url as user_avatar_url, m.content, m.type, date_part('epoch', m.created_at) as created_at, m.client_id,
    case when num_nonnulls(m.attachment_url, m.attachment, m.edited_at, m.deleted_at, m.pinned_at, m.parent_id,
      m.thread_root_id) > 0 or m.reply_count > 0 or m.streaming or m.mentions <> '[]' or m.metadata <> '{}'
    then (select to_json(rest) from (select m.attachment_url, m.attachment, to_char(m.edited_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as edited_at,
      to_char(m.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as deleted_at, to_char(m.pinned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as pinned_at, m.parent_id,
      m.mentions, m.metadata, m.thread_root_id, m.reply_count, m.streaming,
      case when m.parent_id is not null then kabar_quoted_message(m.parent_id, m.channel_id) end as quoted_message,
      case when m.reply_count > 0 then kabar_last_repliers(m.id) end as last_repliers) rest) end as rest, (select json_agg(reaction) from (
    select emoji, count(*)::int as count, coalesce(bool_or(r.user_id = p_viewer), false) as reacted_by_me from reactions r
    where r.message_id = m.id group by emoji order by min(r.created_at), emoji
  ) reaction)
    from (select * from messages m where (m.channel_id, m.seq) > (v_channel.channel_id, 0) and (m.channel_id, m.seq) < (v_channel.channel_id, p_below) and (m.user_id is null or m.user_id <> all (v_blocked)) order by m.channel_id desc, m.seq desc limit p_older) m
    left join users u on u.id = m.user_id order by m.channel_id desc, m.seq desc;
  end if;
END $$;

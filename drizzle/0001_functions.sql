CREATE OR REPLACE FUNCTION kabar_quoted_message(p_message uuid, p_channel uuid)
RETURNS json LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (select to_json(quoted) from (
    select q.id, q.user_id, coalesce(u.name, '') as user_name, left(q.content, 201) as content,
      q.type, q.deleted_at is not null as deleted
    from messages q left join users u on u.id = q.user_id where q.id = p_message and q.channel_id = p_channel
  ) quoted);
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION kabar_last_repliers(p_root uuid)
RETURNS json LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (select json_agg(replier) from (
    select t.user_id as id, u.external_id, coalesce(u.name, '') as name, u.avatar_url
    from (select user_id, max(seq) as seq from messages where thread_root_id = p_root and deleted_at is null
      and user_id is not null group by user_id order by max(seq) desc limit 3) t
    left join users u on u.id = t.user_id order by t.seq desc
  ) replier);
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION kabar_history(
  p_workspace uuid, p_channel text, p_channel_id uuid, p_viewer uuid, p_message uuid, p_thread uuid,
  p_below bigint, p_above bigint, p_older int, p_newer int
) RETURNS TABLE (
  head json, id uuid, seq float8, user_id uuid, user_external_id text, user_name text, user_avatar_url text,
  content text, type text, created_at float8, client_id text, rest json
) LANGUAGE plpgsql STABLE PARALLEL SAFE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_channel record;
  v_at bigint;
BEGIN
  select c.id as channel_id, c.external_id, c.changed_epoch, c.changed_seq::float8 as changed_seq, c.last_seq::float8 as last_seq,
    p_viewer is null or exists (select from members where members.channel_id = c.id and members.user_id = p_viewer) as is_member
  into v_channel from channels c
  where c.workspace_id = p_workspace and (c.external_id = p_channel or c.id = p_channel_id) and c.deleted_at is null
  order by (c.id = p_channel_id) desc nulls last limit 1;
  if not found then return; end if;

  if not v_channel.is_member then
    p_older := 0;
    p_newer := 0;
  elsif p_message is not null then
    select m.seq into v_at from messages m where m.id = p_message and m.channel_id = v_channel.channel_id;
    p_below := v_at + 1;
    p_above := v_at;
  end if;

  return query
  with page as materialized (
    (select m.* from messages m
      where p_thread is null and (m.channel_id, m.seq) > (v_channel.channel_id, 0)
        and (m.channel_id, m.seq) < (v_channel.channel_id, p_below) and (p_viewer is null or (m.user_id is null or m.user_id <> all (array(
    select blocked_user_id from blocks where blocks.user_id = p_viewer))))
      order by m.channel_id desc, m.seq desc limit p_older)
    union all
    (select m.* from messages m
      where p_thread is null and (m.channel_id, m.seq) > (v_channel.channel_id, p_above)
        and (m.channel_id, m.seq) <= (v_channel.channel_id, 9223372036854775807) and (p_viewer is null or (m.user_id is null or m.user_id <> all (array(
    select blocked_user_id from blocks where blocks.user_id = p_viewer))))
      order by m.channel_id, m.seq limit p_newer)
    union all
    (select m.* from messages m
      where m.thread_root_id = p_thread and m.channel_id = v_channel.channel_id and m.seq < p_below and (p_viewer is null or (m.user_id is null or m.user_id <> all (array(
    select blocked_user_id from blocks where blocks.user_id = p_viewer))))
      order by m.seq desc limit p_older)
  )
  select case when m.seq is not distinct from (select max(page.seq) from page) then json_build_object(
      'channel_id', v_channel.channel_id, 'external_id', v_channel.external_id, 'is_member', v_channel.is_member,
      'changed_epoch', v_channel.changed_epoch, 'changed_seq', v_channel.changed_seq, 'last_seq', v_channel.last_seq,
      'around_seq', v_at,
      'blocked', (select json_agg(blocked_user_id) from blocks where blocks.user_id = p_viewer), 'reactions', (select json_agg(reaction) from (
    select message_id, emoji, count(*)::int as count, coalesce(bool_or(user_id = p_viewer), false) as reacted_by_me from reactions
    where message_id = any(array(select page.id from page)) group by message_id, emoji order by message_id, min(created_at), emoji
  ) reaction)) end,
    m.id, m.seq::float8 as seq, m.user_id, u.external_id as user_external_id, u.name as user_name,
    u.avatar_url as user_avatar_url, m.content, m.type, date_part('epoch', m.created_at) as created_at, m.client_id,
    case when num_nonnulls(m.attachment_url, m.attachment, m.edited_at, m.deleted_at, m.pinned_at, m.parent_id,
      m.thread_root_id) > 0 or m.reply_count > 0 or m.streaming or m.mentions <> '[]' or m.metadata <> '{}'
    then (select to_json(rest) from (select m.attachment_url, m.attachment, to_char(m.edited_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as edited_at,
      to_char(m.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as deleted_at, to_char(m.pinned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as pinned_at, m.parent_id,
      m.mentions, m.metadata, m.thread_root_id, m.reply_count, m.streaming,
      case when m.parent_id is not null then kabar_quoted_message(m.parent_id, m.channel_id) end as quoted_message,
      case when m.reply_count > 0 then kabar_last_repliers(m.id) end as last_repliers) rest) end as rest
  from (select) one left join page m on true left join users u on u.id = m.user_id order by m.seq desc;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION kabar_archive(
  p_workspace uuid, p_epoch text, p_first bigint, p_last bigint, p_messages jsonb, p_reactions jsonb, p_replies jsonb,
  p_channels jsonb, p_cursors jsonb, p_mutes jsonb, p_acts jsonb
) RETURNS TABLE (applied boolean, versions json, before json) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_before archive_watermarks;
  v_locked uuid[];
  v_versions json;
  v_ids uuid[];
  v_unsent uuid[];
BEGIN
  select * into v_before from archive_watermarks w where w.workspace_id = p_workspace for no key update;
  insert into archive_watermarks (workspace_id, epoch, seq) values (p_workspace, p_epoch, p_last)
  on conflict (workspace_id) do update set epoch = excluded.epoch, seq = excluded.seq, updated_at = now()
  where archive_watermarks.epoch <> excluded.epoch or archive_watermarks.seq < p_first;
  if not found then
    -- Read again: where there was no row to lock, another attempt has made it meanwhile.
    return query select false, null::json, json_build_object('epoch', w.epoch, 'seq', w.seq)
      from archive_watermarks w where w.workspace_id = p_workspace;
    return;
  end if;

  select array_agg(locked.id), json_object_agg(locked.id, locked.version) into v_locked, v_versions from (
    select c.id, c.version from channels c
    where c.workspace_id = p_workspace and c.id in (select key::uuid from jsonb_each(p_channels))
    order by c.id for no key update
  ) locked;

  if p_messages <> '[]' then
    insert into messages (id, workspace_id, channel_id, seq, user_id, content, type, attachment_url, attachment,
      parent_id, mentions, metadata, client_id, thread_root_id, reply_count, pinned_at, streaming, created_at, edited_at, deleted_at)
    select m.id, p_workspace, m.channel_id, m.seq, m.user_id, m.content, m.type, m.attachment_url, m.attachment, m.parent_id, m.mentions,
      m.metadata, m.client_id, m.thread_root_id, greatest(coalesce((p_replies ->> m.id::text)::int, 0), 0), m.pinned_at, m.streaming,
      m.created_at, m.edited_at, m.deleted_at
    from jsonb_to_recordset(p_messages) as m (id uuid, channel_id uuid, seq bigint, user_id uuid, content text, type text,
      attachment_url text, attachment jsonb, parent_id uuid, mentions jsonb, metadata jsonb, client_id text, thread_root_id uuid,
      pinned_at timestamptz, streaming boolean, created_at timestamptz, edited_at timestamptz, deleted_at timestamptz)
    where m.channel_id = any(v_locked)
    order by m.channel_id, m.seq
    on conflict (id) do update set content = excluded.content, type = excluded.type, attachment_url = excluded.attachment_url,
      attachment = excluded.attachment, mentions = excluded.mentions, metadata = excluded.metadata, pinned_at = excluded.pinned_at,
      streaming = excluded.streaming, edited_at = excluded.edited_at, deleted_at = excluded.deleted_at,
      reply_count = greatest(0, messages.reply_count + coalesce((p_replies ->> messages.id::text)::int, 0));

    select array_agg(m.id), array_agg(m.id) filter (where m.deleted_at is not null) into v_ids, v_unsent
    from jsonb_to_recordset(p_messages) as m (id uuid, deleted_at timestamptz);

    with named as materialized (
      select (mention ->> 'user_id')::uuid as user_id, m.channel_id, m.seq, m.id as message_id
      from jsonb_to_recordset(p_messages) as m (id uuid, channel_id uuid, seq bigint, mentions jsonb),
        jsonb_array_elements(m.mentions) as mention
      where m.channel_id = any(v_locked)
    ), unnamed as (
      delete from mentions where mentions.message_id = any(v_ids)
        and (mentions.message_id, mentions.user_id) not in (select message_id, user_id from named)
    )
    insert into mentions (user_id, channel_id, seq, message_id)
    select user_id, channel_id, seq, message_id from named on conflict do nothing;
  end if;

  if p_replies <> '{}' then
    update messages set reply_count = greatest(0, messages.reply_count + replies.value::int)
    from jsonb_each_text(p_replies) replies
    where messages.id = replies.key::uuid and not (messages.id = any(coalesce(v_ids, '{}')));
  end if;

  if v_unsent is not null then delete from reactions where reactions.message_id = any(v_unsent); end if;

  if p_reactions <> '[]' then
    delete from reactions using jsonb_to_recordset(p_reactions) as r (message_id uuid, user_id uuid, emoji text)
    where r.emoji is null and reactions.message_id = r.message_id and reactions.user_id = r.user_id;

    insert into reactions (message_id, user_id, emoji, created_at)
    select r.message_id, r.user_id, r.emoji, r.at
    from jsonb_to_recordset(p_reactions) as r (message_id uuid, user_id uuid, emoji text, at timestamptz)
    where r.emoji is not null and not (r.message_id = any(coalesce(v_unsent, '{}')))
    on conflict (message_id, user_id) do update set emoji = excluded.emoji, created_at = excluded.created_at;
  end if;

  update channels set last_seq = greatest(channels.last_seq, heads.seq), last_activity_at = greatest(channels.last_activity_at, heads.at),
    changed_epoch = p_epoch, changed_seq = touched.value::bigint
  from jsonb_each_text(p_channels) touched left join (
    select m.channel_id, max(m.seq) as seq, max(m.created_at) as at
    from jsonb_to_recordset(p_messages) as m (channel_id uuid, seq bigint, created_at timestamptz) group by m.channel_id
  ) heads on heads.channel_id = touched.key::uuid
  where channels.id = touched.key::uuid and channels.id = any(v_locked);

  if p_mutes <> '[]' then
    delete from mutes using jsonb_to_recordset(p_mutes) as given (channel_id uuid, user_id uuid, muted boolean)
    where not given.muted and mutes.channel_id = given.channel_id and mutes.user_id = given.user_id and given.channel_id = any(v_locked);

    insert into mutes (channel_id, user_id, until, muted_by, rule, created_at)
    select given.channel_id, given.user_id, given.until, given.muted_by, given.rule, given.at
    from jsonb_to_recordset(p_mutes) as given (channel_id uuid, user_id uuid, muted boolean, until timestamptz, muted_by uuid,
      rule text, at timestamptz)
    where given.muted and given.channel_id = any(v_locked)
    on conflict (channel_id, user_id) do update set until = excluded.until, muted_by = excluded.muted_by,
      rule = excluded.rule, created_at = excluded.created_at;
  end if;

  if p_acts <> '[]' then
    insert into moderation_audit (id, workspace_id, act, actor, actor_id, channel_id, user_id, message_id, details, created_at)
    select given.id, p_workspace, given.act, given.actor, given.actor_id, given.channel_id, given.user_id, given.message_id,
      given.details, given.at
    from jsonb_to_recordset(p_acts) as given (id uuid, act text, actor text, actor_id uuid, channel_id uuid, user_id uuid,
      message_id uuid, details jsonb, at timestamptz);
  end if;

  if p_cursors <> '[]' then
    update members set
      last_read_seq = greatest(members.last_read_seq, cur.read_seq),
      last_read_at = case when cur.read_seq > members.last_read_seq then coalesce(cur.read_at, members.last_read_at)
        else members.last_read_at end,
      last_delivered_seq = greatest(members.last_delivered_seq, cur.delivered_seq),
      last_delivered_at = case when cur.delivered_seq > members.last_delivered_seq
        then coalesce(cur.delivered_at, members.last_delivered_at) else members.last_delivered_at end
    from jsonb_to_recordset(p_cursors) as cur (channel_id uuid, user_id uuid, read_seq bigint, read_at timestamptz,
      delivered_seq bigint, delivered_at timestamptz)
    where members.channel_id = cur.channel_id and members.user_id = cur.user_id and cur.channel_id = any(v_locked);
  end if;

  return query select true, v_versions,
    case when v_before.epoch is not null then json_build_object('epoch', v_before.epoch, 'seq', v_before.seq) end;
END $$;

CREATE OR REPLACE FUNCTION kabar_history_copy(
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

  select array_agg(m.id), array_agg(m.user_id), string_agg(m.seq::text, ','), string_agg(m.type, ','),
      string_agg((date_part('epoch', m.created_at) * 1000)::bigint::text, ','), json_agg(m.content),
      json_object_agg(m.seq, m.client_id) filter (where m.client_id is not null),
      json_object_agg(m.seq, (select to_json(rest) from (select m.attachment_url, m.attachment, to_char(m.edited_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as edited_at,
      to_char(m.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as deleted_at, to_char(m.pinned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as pinned_at, m.parent_id,
      m.mentions, m.metadata, m.thread_root_id, m.reply_count, m.streaming,
      case when m.parent_id is not null then kabar_quoted_message(m.parent_id, m.channel_id) end as quoted_message,
      case when m.reply_count > 0 then kabar_last_repliers(m.id) end as last_repliers) rest)) filter (where num_nonnulls(m.attachment_url, m.attachment, m.edited_at, m.deleted_at, m.pinned_at, m.parent_id,
      m.thread_root_id) > 0 or m.reply_count > 0 or m.streaming or m.mentions <> '[]' or m.metadata <> '{}')
    into v_ids, v_users, seqs, types, times, contents, client_ids, rests from (select * from messages m where (m.channel_id, m.seq) >= (p_channel, p_from) and (m.channel_id, m.seq) < (p_channel, p_below)
    order by m.channel_id desc, m.seq desc) m;
  ids := array_to_string(v_ids, ',');
    user_ids := array_to_string(v_users, ',', '');
    authors := (select json_agg(json_build_array(u.id, u.external_id, u.name, u.avatar_url)) from users u where u.id = any (v_users));
  reactors := (select json_agg(json_build_array(r.message_id, r.emoji, r.user_id) order by r.created_at, r.emoji)
    from reactions r where r.message_id = any (v_ids));
  return next;
END $$;

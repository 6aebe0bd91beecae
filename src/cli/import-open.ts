import type pg from "pg";
import { OperatorError } from "./workspaces.ts";

/**
 * Shows imported channels to their members, all at once: derived figures are set, and the version rises to 2, by which a hub knows that
 * the channel existed before it heard of it. Returns how many.
 */
export async function openChannels(client: pg.Client, workspaceId: string): Promise<number> {
  await requireFreeNames(client, workspaceId);
  await client.query(
    `update messages root set reply_count = replies.count from (
       select m.thread_root_id as id, count(*)::int as count from channels c join messages m on m.channel_id = c.id
       where c.workspace_id = $1::uuid and c.importing and m.thread_root_id is not null and m.deleted_at is null
       group by m.thread_root_id) replies
     where root.id = replies.id and root.reply_count <> replies.count`,
    [workspaceId],
  );
  await client.query(
    `update members m set last_read_seq = least(m.last_read_seq, c.last_seq),
       last_delivered_seq = least(m.last_delivered_seq, c.last_seq)
     from channels c where c.id = m.channel_id and c.workspace_id = $1::uuid and c.importing
       and greatest(m.last_read_seq, m.last_delivered_seq) > c.last_seq`,
    [workspaceId],
  );
  const { rowCount } = await client.query(
    `with people as materialized (
       select c.id, count(m.user_id)::int as count, string_agg(m.user_id::text, ':' order by m.user_id) as pair
       from channels c left join members m on m.channel_id = c.id
       where c.workspace_id = $1::uuid and c.importing group by c.id
     ), pairs as materialized (
       -- Of several channels of one pair, and where the pair has one already, only one can be the pair's.
       select distinct on (p.pair) p.id, p.pair from people p join channels c on c.id = p.id
       where c.type = 'direct' and p.count = 2 and c.deleted_at = 'infinity' and not exists (
         select from channels o where o.workspace_id = $1::uuid and o.direct_key = p.pair and o.deleted_at is null)
       order by p.pair, c.last_seq desc, c.id
     )
     update channels c set importing = false, version = c.version + 1, member_count = p.count, direct_key = pairs.pair,
       deleted_at = nullif(c.deleted_at, 'infinity'),
       last_activity_at = greatest(c.created_at, (select max(created_at) from messages m where m.channel_id = c.id))
     from people p left join pairs on pairs.id = p.id where c.id = p.id`,
    [workspaceId],
  );
  return rowCount ?? 0;
}

/** Somebody may have made a channel of the same name while the import ran. */
async function requireFreeNames(client: pg.Client, workspaceId: string): Promise<void> {
  const { rows } = await client.query<{ external_id: string }>(
    `select c.external_id from channels c join channels o on o.workspace_id = c.workspace_id and o.external_id = c.external_id
     where c.workspace_id = $1::uuid and c.importing and c.deleted_at = 'infinity' and o.deleted_at is null limit 5`,
    [workspaceId],
  );
  if (rows.length === 0) return;
  const names = rows.map((row) => row.external_id).join(", ");
  throw new OperatorError(
    `channels with these external ids were made meanwhile: ${names}; delete them and run the import again`,
  );
}

import { sql } from "drizzle-orm";
import type { ExpiredMessage, RetentionStore } from "../domain/hub-ports.ts";
import type { Db } from "./db.ts";

type ExpiredRow = ExpiredMessage & Record<string, unknown>;

/** Ends messages of a workspace that are too old. */
export function postgresRetention(db: Db, workspaceId: string): RetentionStore {
  return {
    async expired(before, limit) {
      const { rows } = await db.execute<ExpiredRow>(sql`
        select id, channel_id, seq::float8 as seq, attachment_url from messages
        where workspace_id = ${workspaceId}::uuid and created_at < ${before}::timestamptz
        order by created_at limit ${limit}`);
      return rows;
    },
    remove: (messageIds) => remove(db, workspaceId, messageIds),
  };
}

/**
 * Rows go; seqs are not given out again, since a channel's counter stays. Members' read cursors move up to where history begins
 * now: what is gone cannot be unread. Channels are locked first and in order, as the archive does.
 */
async function remove(db: Db, workspaceId: string, messageIds: readonly string[]): Promise<void> {
  const old = sql`select jsonb_array_elements_text(${JSON.stringify(messageIds)}::jsonb)::uuid`;
  await db.batch([
    sql`select id from channels where workspace_id = ${workspaceId}::uuid
      and id in (select channel_id from messages where id in (${old})) order by id for no key update`,
    sql`
      with touched as materialized (
        select distinct channel_id from messages where id in (${old}) and workspace_id = ${workspaceId}::uuid
      ), begins as (
        select t.channel_id, coalesce((
          select m.seq - 1 from messages m where m.channel_id = t.channel_id and m.id not in (${old})
          order by m.seq limit 1), c.last_seq) as seq
        from touched t join channels c on c.id = t.channel_id
      )
      update members set last_read_seq = greatest(last_read_seq, begins.seq),
        last_delivered_seq = greatest(last_delivered_seq, begins.seq)
      from begins where members.channel_id = begins.channel_id
        and least(members.last_read_seq, members.last_delivered_seq) < begins.seq`,
    sql`delete from messages where id in (${old}) and workspace_id = ${workspaceId}::uuid`,
  ]);
}

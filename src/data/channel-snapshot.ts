import { sql } from "drizzle-orm";
import type { ChannelSnapshot } from "../domain/hub-contract.ts";
import type { ChannelSource } from "../domain/hub-ports.ts";
import type { Db } from "./db.ts";

/** Reads whole channels for the hub of a workspace. */
export function postgresChannelSource(db: Db, workspaceId: string): ChannelSource {
  return { load: (ref) => load(db, workspaceId, ref) };
}

/** One statement, so that version, members and counters belong together. Times are formatted as on the wire. */
async function load(db: Db, workspaceId: string, ref: string): Promise<ChannelSnapshot | undefined> {
  const wireTime = (column: ReturnType<typeof sql.raw>) =>
    sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  const { rows } = await db.execute<{ snapshot: ChannelSnapshot }>(sql`
    WITH c AS (
      SELECT * FROM channels
      WHERE workspace_id = ${workspaceId} AND (id::text = ${ref} OR external_id = ${ref}) AND NOT importing
      ORDER BY (id::text = ${ref}) DESC, (deleted_at IS NULL) DESC, created_at DESC LIMIT 1
    )
    SELECT json_build_object(
      'channel', json_build_object(
        'id', c.id, 'external_id', c.external_id, 'type', c.type, 'name', c.name, 'avatar_url', c.avatar_url,
        'created_by', c.created_by, 'created_at', ${wireTime(sql.raw("c.created_at"))},
        'updated_at', ${wireTime(sql.raw("c.updated_at"))}),
      'version', c.version,
      'last_seq', c.last_seq,
      'last_message_id', (SELECT m.id FROM messages m WHERE m.channel_id = c.id AND m.seq = c.last_seq),
      'deleted', c.deleted_at IS NOT NULL,
      'mutes', coalesce((
        SELECT json_agg(json_build_object('user_id', x.user_id, 'until', ${wireTime(sql.raw("x.until"))}))
        FROM mutes x WHERE x.channel_id = c.id AND (x.until IS NULL OR x.until > now())), '[]'),
      'members', coalesce((
        SELECT json_agg(json_build_object('user_id', m.user_id, 'role', m.role,
          'joined_at', ${wireTime(sql.raw("m.joined_at"))}, 'read_seq', m.last_read_seq,
          'delivered_seq', m.last_delivered_seq) ORDER BY m.joined_at, m.user_id)
        FROM members m WHERE m.channel_id = c.id), '[]'),
      'users', coalesce((
        SELECT json_agg(json_build_object('id', u.id, 'external_id', u.external_id, 'name', u.name,
          'avatar_url', u.avatar_url, 'version', u.version))
        FROM members m JOIN users u ON u.id = m.user_id WHERE m.channel_id = c.id), '[]')
    ) AS snapshot FROM c`);
  return rows[0]?.snapshot;
}

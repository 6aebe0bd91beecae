import { sql } from "drizzle-orm";
import { type Archive, type ArchiveBatch, type ArchiveReceipt, ArchiveRejected } from "../domain/hub-ports.ts";
import { type Db, sqlStateOf } from "./db.ts";
import { findMessage } from "./messages.ts";

interface ReceiptRow extends Record<string, unknown> {
  applied: boolean;
  versions: Record<string, number> | null;
  before: { epoch: string; seq: number } | null;
}

/** A workspace's archive in Postgres. */
export function postgresArchive(db: Db, workspaceId: string): Archive {
  return {
    write: (batch) => write(db, workspaceId, batch),
    findMessage: (channelId, messageId) => findMessage(db, workspaceId, channelId, messageId),
  };
}

/**
 * One statement, so all or nothing in one round trip. It begins by moving the watermark, under the row's lock and only
 * where the batch follows on from it: a batch that was written before, or whose beginning was, changes nothing, however
 * late a lost attempt arrives. A seq that is taken by another message is a unique violation, never overwritten.
 *
 * Channels are locked first and in order, as every membership change does, so that neither waits for the other in a
 * circle; members are touched only through the locked channels.
 */
async function write(db: Db, workspaceId: string, batch: ArchiveBatch): Promise<ArchiveReceipt> {
  const query = sql`
    WITH marked AS (
      INSERT INTO archive_watermarks (workspace_id, epoch, seq) VALUES (${workspaceId}, ${batch.epoch}, ${batch.lastSeq})
      ON CONFLICT (workspace_id) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, updated_at = now()
      WHERE archive_watermarks.epoch <> excluded.epoch OR archive_watermarks.seq < ${batch.firstSeq}
      RETURNING seq
    ), m AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(batch.messages)}::jsonb) AS m (
        id uuid, channel_id uuid, seq bigint, user_id uuid, content text, type text, attachment_url text,
        attachment jsonb, parent_id uuid, mentions jsonb, metadata jsonb, client_id text, created_at timestamptz)
    ), cur AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(batch.cursors)}::jsonb) AS cur (
        channel_id uuid, user_id uuid, read_seq bigint, read_at timestamptz, delivered_seq bigint,
        delivered_at timestamptz)
    ), heads AS (
      SELECT channel_id, max(seq) AS seq, max(created_at) AS at FROM m GROUP BY channel_id
    ), locked AS (
      SELECT id, version FROM channels
      WHERE workspace_id = ${workspaceId} AND EXISTS (SELECT FROM marked)
        AND id IN (SELECT channel_id FROM heads UNION SELECT channel_id FROM cur)
      ORDER BY id FOR NO KEY UPDATE
    ), inserted AS (
      INSERT INTO messages (id, workspace_id, channel_id, seq, user_id, content, type, attachment_url, attachment,
        parent_id, mentions, metadata, client_id, created_at)
      SELECT m.id, ${workspaceId}, m.channel_id, m.seq, m.user_id, m.content, m.type, m.attachment_url,
        m.attachment, m.parent_id, m.mentions, m.metadata, m.client_id, m.created_at
      FROM m JOIN locked ON locked.id = m.channel_id ORDER BY m.channel_id, m.seq
      ON CONFLICT (id) DO NOTHING
    ), moved AS (
      UPDATE channels SET last_seq = greatest(channels.last_seq, heads.seq),
        last_activity_at = greatest(channels.last_activity_at, heads.at)
      FROM heads JOIN locked ON locked.id = heads.channel_id WHERE channels.id = heads.channel_id
    ), read AS (
      UPDATE members SET
        last_read_seq = greatest(members.last_read_seq, cur.read_seq),
        last_read_at = coalesce(greatest(members.last_read_at, cur.read_at), members.last_read_at),
        last_delivered_seq = greatest(members.last_delivered_seq, cur.delivered_seq),
        last_delivered_at = coalesce(greatest(members.last_delivered_at, cur.delivered_at), members.last_delivered_at)
      FROM cur JOIN locked ON locked.id = cur.channel_id
      WHERE members.channel_id = cur.channel_id AND members.user_id = cur.user_id
    )
    SELECT
      EXISTS (SELECT FROM marked) AS applied,
      (SELECT json_object_agg(id, version) FROM locked) AS versions,
      (SELECT json_build_object('epoch', epoch, 'seq', seq) FROM archive_watermarks
        WHERE workspace_id = ${workspaceId}) AS before`;
  const { rows } = await db.execute<ReceiptRow>(query).catch((error: unknown) => {
    throw isRejected(error) ? new ArchiveRejected(`postgres refused the batch: ${sqlStateOf(error)}`) : error;
  });
  const row = rows[0];
  return {
    applied: row?.applied ?? false,
    versions: new Map(Object.entries(row?.versions ?? {})),
    before: row?.before ?? undefined,
  };
}

/** Data exceptions (22) and violated constraints (23) come back however often the same rows are sent. */
function isRejected(error: unknown): boolean {
  return /^2[23]/.test(sqlStateOf(error) ?? "");
}

import { sql } from "drizzle-orm";
import { type Archive, type ArchiveBatch, type ArchiveReceipt, ArchiveRejected } from "../domain/hub-ports.ts";
import { type Db, sqlStateOf } from "./db.ts";
import { findStoredMessage } from "./messages.ts";

interface ReceiptRow extends Record<string, unknown> {
  applied: boolean;
  versions: Record<string, number> | null;
  before: { epoch: string; seq: number } | null;
}

/** A workspace's archive in Postgres. */
export function postgresArchive(db: Db, workspaceId: string): Archive {
  return {
    write: (batch) => write(db, workspaceId, batch),
    findMessage: (channelId, messageId) => findStoredMessage(db, workspaceId, channelId, messageId),
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
        attachment jsonb, parent_id uuid, mentions jsonb, metadata jsonb, client_id text, thread_root_id uuid,
        pinned_at timestamptz, streaming boolean, created_at timestamptz, edited_at timestamptz, deleted_at timestamptz)
    ), r AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(batch.reactions)}::jsonb) AS r (
        message_id uuid, user_id uuid, emoji text, at timestamptz)
    ), replies AS (
      SELECT key::uuid AS root_id, value::int AS count FROM jsonb_each_text(${JSON.stringify(batch.replies)}::jsonb)
    ), touched AS (
      SELECT key::uuid AS channel_id, value::bigint AS seq FROM jsonb_each_text(${JSON.stringify(batch.channels)}::jsonb)
    ), cur AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(batch.cursors)}::jsonb) AS cur (
        channel_id uuid, user_id uuid, read_seq bigint, read_at timestamptz, delivered_seq bigint,
        delivered_at timestamptz)
    ), heads AS (
      SELECT channel_id, max(seq) AS seq, max(created_at) AS at FROM m GROUP BY channel_id
    ), locked AS (
      SELECT id, version FROM channels
      WHERE workspace_id = ${workspaceId} AND EXISTS (SELECT FROM marked)
        AND id IN (SELECT channel_id FROM touched)
      ORDER BY id FOR NO KEY UPDATE
    ), stored AS (
      INSERT INTO messages (id, workspace_id, channel_id, seq, user_id, content, type, attachment_url, attachment,
        parent_id, mentions, metadata, client_id, thread_root_id, reply_count, pinned_at, streaming, created_at,
        edited_at, deleted_at)
      SELECT m.id, ${workspaceId}, m.channel_id, m.seq, m.user_id, m.content, m.type, m.attachment_url,
        m.attachment, m.parent_id, m.mentions, m.metadata, m.client_id, m.thread_root_id,
        greatest(coalesce(replies.count, 0), 0), m.pinned_at, m.streaming, m.created_at, m.edited_at, m.deleted_at
      FROM m JOIN locked ON locked.id = m.channel_id LEFT JOIN replies ON replies.root_id = m.id
      ORDER BY m.channel_id, m.seq
      ON CONFLICT (id) DO UPDATE SET content = excluded.content, type = excluded.type,
        attachment_url = excluded.attachment_url, attachment = excluded.attachment, mentions = excluded.mentions,
        metadata = excluded.metadata, pinned_at = excluded.pinned_at, streaming = excluded.streaming,
        edited_at = excluded.edited_at, deleted_at = excluded.deleted_at,
        reply_count = greatest(0, messages.reply_count
          + coalesce((SELECT count FROM replies WHERE root_id = messages.id), 0))
    ), counted AS (
      UPDATE messages SET reply_count = greatest(0, messages.reply_count + replies.count)
      FROM replies JOIN marked ON true
      WHERE messages.id = replies.root_id AND messages.id NOT IN (SELECT id FROM m)
    ), unreacted AS (
      DELETE FROM reactions USING marked WHERE message_id IN (SELECT id FROM m WHERE deleted_at IS NOT NULL)
        OR (message_id, user_id) IN (SELECT message_id, user_id FROM r WHERE emoji IS NULL)
    ), reacted AS (
      INSERT INTO reactions (message_id, user_id, emoji, created_at)
      SELECT r.message_id, r.user_id, r.emoji, r.at FROM r JOIN marked ON true
      WHERE r.emoji IS NOT NULL AND r.message_id NOT IN (SELECT id FROM m WHERE deleted_at IS NOT NULL)
      ON CONFLICT (message_id, user_id) DO UPDATE SET emoji = excluded.emoji, created_at = excluded.created_at
    ), named AS (
      SELECT (mention ->> 'user_id')::uuid AS user_id, m.channel_id, m.seq, m.id AS message_id
      FROM m JOIN locked ON locked.id = m.channel_id, jsonb_array_elements(m.mentions) AS mention
    ), unnamed AS (
      DELETE FROM mentions USING marked WHERE mentions.message_id IN (SELECT id FROM m)
        AND (mentions.message_id, mentions.user_id) NOT IN (SELECT message_id, user_id FROM named)
    ), mentioned AS (
      INSERT INTO mentions (user_id, channel_id, seq, message_id)
      SELECT user_id, channel_id, seq, message_id FROM named ON CONFLICT DO NOTHING
    ), moved AS (
      UPDATE channels SET last_seq = greatest(channels.last_seq, coalesce(heads.seq, 0)),
        last_activity_at = greatest(channels.last_activity_at, heads.at),
        changed_epoch = ${batch.epoch}, changed_seq = touched.seq
      FROM touched JOIN locked ON locked.id = touched.channel_id
        LEFT JOIN heads ON heads.channel_id = touched.channel_id
      WHERE channels.id = touched.channel_id
    ), muting AS (
      SELECT given.* FROM jsonb_to_recordset(${JSON.stringify(batch.mutes)}::jsonb) AS given (channel_id uuid, user_id uuid,
        muted boolean, until timestamptz, muted_by uuid, rule text, at timestamptz)
      JOIN locked ON locked.id = given.channel_id
    ), unmuted AS (
      DELETE FROM mutes WHERE (channel_id, user_id) IN (SELECT channel_id, user_id FROM muting WHERE NOT muted)
    ), muted AS (
      INSERT INTO mutes (channel_id, user_id, until, muted_by, rule, created_at)
      SELECT channel_id, user_id, until, muted_by, rule, at FROM muting WHERE muted
      ON CONFLICT (channel_id, user_id) DO UPDATE SET until = excluded.until, muted_by = excluded.muted_by,
        rule = excluded.rule, created_at = excluded.created_at
    ), audited AS (
      INSERT INTO moderation_audit (id, workspace_id, act, actor, actor_id, channel_id, user_id, message_id, details,
        created_at)
      SELECT given.id, ${workspaceId}, act, actor, actor_id, channel_id, user_id, message_id, details, at
      FROM jsonb_to_recordset(${JSON.stringify(batch.acts)}::jsonb) AS given (id uuid, act text, actor text, actor_id uuid,
        channel_id uuid, user_id uuid, message_id uuid, details jsonb, at timestamptz) JOIN marked ON true
    ), read AS (
      UPDATE members SET
        last_read_seq = greatest(members.last_read_seq, cur.read_seq),
        last_read_at = CASE WHEN cur.read_seq > members.last_read_seq THEN coalesce(cur.read_at, members.last_read_at)
          ELSE members.last_read_at END,
        last_delivered_seq = greatest(members.last_delivered_seq, cur.delivered_seq),
        last_delivered_at = CASE WHEN cur.delivered_seq > members.last_delivered_seq
          THEN coalesce(cur.delivered_at, members.last_delivered_at) ELSE members.last_delivered_at END
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

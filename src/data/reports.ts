import { type SQL, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import type { Report, ReportBody, ReportStatus, ReviewBody } from "../protocol/moderation.ts";
import type { Db } from "./db.ts";
import { wireTime } from "./fragments.ts";

/** Where a complaint belongs. */
export interface ReportTarget {
  workspaceId: string;
  channelId: string;
  messageId: string;
  reporterId: string;
}

/**
 * Files a complaint with the message as it is now; the same user's second one about the same message is the first one again. Undefined
 * where there is no such message, or it was unsent.
 */
export async function fileReport(
  db: Db,
  { workspaceId, channelId, messageId, reporterId }: ReportTarget,
  { reason, note }: ReportBody,
): Promise<{ report: Report; isNew: boolean } | undefined> {
  const [first, second] = await db.batch([
    sql`
      insert into reports (id, workspace_id, channel_id, message_id, reporter_id, author_id, reason, note, snapshot)
      select ${uuidv7()}::uuid, m.workspace_id, m.channel_id, m.id, ${reporterId}::uuid, m.user_id, ${reason},
        ${note ?? null}::text, jsonb_build_object('seq', m.seq, 'content', m.content, 'type', m.type,
          'attachment_url', m.attachment_url, 'created_at', ${wireTime(sql`m.created_at`)},
          'edited_at', ${wireTime(sql`m.edited_at`)})
      from messages m
      where m.id = ${messageId}::uuid and m.channel_id = ${channelId}::uuid and m.workspace_id = ${workspaceId}::uuid
        and m.deleted_at is null
      on conflict (message_id, reporter_id) do nothing returning id`,
    sql`${selection(workspaceId)} and r.message_id = ${messageId}::uuid and r.channel_id = ${channelId}::uuid
      and r.reporter_id = ${reporterId}::uuid`,
  ]);
  // The batch's type knows nothing of each statement's columns; these come from `selection`.
  const report = second?.rows[0] as Report | undefined;
  return report === undefined ? undefined : { report, isNew: (first?.rows ?? []).length > 0 };
}

/** At most `limit` reports of a workspace after a place, newest first. */
export async function listReports(
  db: Db,
  workspaceId: string,
  status: ReportStatus | undefined,
  limit: number,
  after?: string,
): Promise<Report[]> {
  const { rows } = await db.execute<Report>(sql`${selection(workspaceId)}
    ${status === undefined ? sql`` : sql`and r.status = ${status}`}
    ${after === undefined ? sql`` : sql`and r.id < ${after}::uuid`}
    order by r.id desc limit ${limit}`);
  return rows;
}

/** Sets a report's status, with an entry in the audit log where that changes anything. Undefined where there is no such report. */
export async function reviewReport(
  db: Db,
  workspaceId: string,
  reportId: string,
  { status, note }: ReviewBody,
): Promise<Report | undefined> {
  const resolution = note === undefined ? sql`r.resolution` : sql`${note}::text`;
  const act = status === "open" ? "report.reopened" : `report.${status}`;
  const results = await db.batch([
    // Whoever comes second sees, and audits, only what it changes itself.
    sql`select id from reports where id = ${reportId}::uuid and workspace_id = ${workspaceId}::uuid for update`,
    sql`
      with changed as (
        update reports r set status = ${status}, resolution = ${resolution},
          closed_at = case when ${status} = 'open' then null when r.status = ${status} then r.closed_at else now() end
        where r.id = ${reportId}::uuid and r.workspace_id = ${workspaceId}::uuid
          and (r.status, r.resolution) is distinct from (${status}, ${resolution})
        returning r.*
      )
      insert into moderation_audit (id, workspace_id, act, actor, channel_id, user_id, message_id, details)
      select ${uuidv7()}::uuid, workspace_id, ${act}, 'workspace', channel_id, author_id, message_id,
        jsonb_strip_nulls(jsonb_build_object('report_id', id, 'note', resolution)) from changed`,
    sql`${selection(workspaceId)} and r.id = ${reportId}::uuid`,
  ]);
  // The batch's type knows nothing of each statement's columns; these come from `selection`.
  return results[2]?.rows[0] as Report | undefined;
}

function selection(workspaceId: string): SQL {
  return sql`select r.id, r.channel_id, r.message_id, r.reporter_id, r.author_id, r.reason, r.note,
    nullif(r.snapshot, '{}'::jsonb) as snapshot, r.status,
    r.resolution, ${wireTime(sql`r.created_at`)} as created_at, ${wireTime(sql`r.closed_at`)} as closed_at
    from reports r where r.workspace_id = ${workspaceId}::uuid`;
}

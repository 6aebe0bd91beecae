import { fileReport, listReports, reviewReport } from "../data/reports.ts";
import type { UserCaller, WorkspaceCaller } from "../domain/access.ts";
import { notFound, UpstreamUnavailable } from "../domain/api-error.ts";
import { reportCursor } from "../domain/page-cursor.ts";
import type { Report, ReportBody, ReportReceipt, ReportStatus, ReviewBody } from "../protocol/moderation.ts";
import { requireChannel } from "./channels.ts";
import type { ServiceContext } from "./context.ts";
import { toPage } from "./page.ts";

/** Files a member's complaint about a message; its second one about the same message is the first one again. */
export async function file(
  context: ServiceContext<UserCaller>,
  ref: string,
  messageId: string,
  body: ReportBody,
): Promise<{ receipt: ReportReceipt; isNew: boolean }> {
  const { db, hub, caller } = context;
  const { channel } = await requireChannel(context, ref, "message.report");
  // The message, as it is now, must be in Postgres: the copy is taken there.
  const { archived } = await hub.settled({ channel: channel.id });
  if (!archived) throw new UpstreamUnavailable("the archive");
  const { workspaceId, userId: reporterId } = caller;
  const filed = await fileReport(db, { workspaceId, channelId: channel.id, messageId, reporterId }, body);
  if (filed === undefined) throw notFound("message");
  const { id, channel_id, message_id, reason, note, created_at } = filed.report;
  return { receipt: { id, channel_id, message_id, reason, note, created_at }, isNew: filed.isNew };
}

/** Reports of the workspace, newest first. */
export async function list(
  { db, caller }: ServiceContext<WorkspaceCaller>,
  status: ReportStatus | undefined,
  limit: number,
  cursor: string | undefined,
) {
  const after = cursor === undefined ? undefined : reportCursor.decode(cursor, "cursor")[0];
  const found = await listReports(db, caller.workspaceId, status, limit + 1, after);
  const { items, ...page } = toPage(found, limit, ({ id }) => reportCursor.encode([id]));
  return { reports: items, ...page };
}

/** Sets a report's status; a repeat changes nothing. */
export async function review(
  { db, caller }: ServiceContext<WorkspaceCaller>,
  reportId: string,
  body: ReviewBody,
): Promise<Report> {
  const report = await reviewReport(db, caller.workspaceId, reportId, body);
  if (report === undefined) throw notFound("report");
  return report;
}

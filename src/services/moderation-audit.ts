import { listAudit } from "../data/moderation-audit.ts";
import type { WorkspaceCaller } from "../domain/access.ts";
import { auditCursor } from "../domain/page-cursor.ts";
import type { ServiceContext } from "./context.ts";
import { toPage } from "./page.ts";
import { requireSettled } from "./settled.ts";

/** Acts of moderation, newest first; contains those that were answered before the call. */
export async function list(context: ServiceContext<WorkspaceCaller>, limit: number, cursor: string | undefined) {
  const after = cursor === undefined ? undefined : auditCursor.decode(cursor, "cursor")[0];
  await requireSettled(context, { workspace: true });
  const found = await listAudit(context.db, context.caller.workspaceId, limit + 1, after);
  const { items, ...page } = toPage(found, limit, ({ id }) => auditCursor.encode([id]));
  return { entries: items, ...page };
}

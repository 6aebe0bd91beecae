import { listAudit } from "../data/moderation-audit.ts";
import type { WorkspaceCaller } from "../domain/access.ts";
import { auditCursor } from "../domain/page-cursor.ts";
import type { ServiceContext } from "./context.ts";
import { toPage } from "./page.ts";

/** Acts of moderation, newest first; contains those that were answered before the call, unless the archive does not answer. */
export async function list(
  { db, hub, caller }: ServiceContext<WorkspaceCaller>,
  limit: number,
  cursor: string | undefined,
) {
  const after = cursor === undefined ? undefined : auditCursor.decode(cursor, "cursor")[0];
  await hub.settled({ workspace: true });
  const found = await listAudit(db, caller.workspaceId, limit + 1, after);
  const { items, ...page } = toPage(found, limit, ({ id }) => auditCursor.encode([id]));
  return { entries: items, ...page };
}

import { countWorkspace, findWorkspace, updateWorkspace } from "../data/workspace-settings.ts";
import type { WorkspaceCaller } from "../domain/access.ts";
import { invalid, notFound } from "../domain/api-error.ts";
import { refusalOfTarget } from "../domain/webhook-target.ts";
import type { Workspace } from "../protocol/workspace.ts";
import type { UpdateWorkspaceBody, WorkspaceStats } from "../protocol/workspace-update.ts";
import type { ServiceContext } from "./context.ts";

type Context = ServiceContext<WorkspaceCaller>;

export async function get({ db, caller }: Context): Promise<Workspace> {
  const found = await findWorkspace(db, caller.workspaceId);
  if (found === undefined) throw notFound("workspace");
  return found.workspace;
}

/** Lays the given settings over the present ones; they hold for every message that is sent after the answer. */
export async function update({ db, hub, caller, settings }: Context, body: UpdateWorkspaceBody): Promise<Workspace> {
  const hookUrl = body.settings?.before_send_hook?.url;
  const refusal = hookUrl === undefined ? undefined : refusalOfTarget(hookUrl, settings.allowPrivateTargets);
  if (refusal !== undefined) throw invalid("settings.before_send_hook.url", refusal);
  const stored = await updateWorkspace(db, caller.workspaceId, body);
  if (stored === undefined) throw notFound("workspace");
  // Also where nothing changed: the call before may have failed between Postgres and the hub.
  await hub.applySettings(stored.version, stored.workspace.settings);
  return stored.workspace;
}

/** What the workspace holds, and how its hub is doing. */
export async function stats({ db, hub, caller }: Context): Promise<WorkspaceStats> {
  const [counts, live] = await Promise.all([countWorkspace(db, caller.workspaceId), hub.stats()]);
  const { head, archived, parked, connections, users, messagesToday } = live;
  return {
    ...counts,
    live: { connections, users_online: users, messages_today: messagesToday },
    archive: { head, archived, lag: head - archived, parked },
  };
}

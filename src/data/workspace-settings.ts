import { type SQL, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import type { SettingsSource } from "../domain/hub-ports.ts";
import { type Workspace, type WorkspaceSettings, workspaceSettingsSchema } from "../protocol/workspace.ts";
import type { SettingsPatch, UpdateWorkspaceBody } from "../protocol/workspace-update.ts";
import type { Db } from "./db.ts";
import { wireTime } from "./fragments.ts";

/** A workspace with the version of its settings, which the hub needs and the wire does not. */
export interface StoredWorkspace {
  workspace: Workspace;
  version: number;
}

type WorkspaceRow = {
  id: string;
  name: string;
  created_at: string;
  settings: unknown;
  version: number;
};

/** Undefined where there is no such workspace. */
export async function findWorkspace(db: Db, workspaceId: string): Promise<StoredWorkspace | undefined> {
  const { rows } = await db.execute<WorkspaceRow>(selection(workspaceId));
  return rows[0] === undefined ? undefined : toStored(rows[0]);
}

/** Reads a workspace's settings for its hub. */
export function postgresSettingsSource(db: Db, workspaceId: string): SettingsSource {
  return {
    async load() {
      const found = await findWorkspace(db, workspaceId);
      return found === undefined ? undefined : { version: found.version, settings: found.workspace.settings };
    },
  };
}

/**
 * Lays what is given over what is there, in Postgres and in one statement, so that two changes at one time are both kept. The version
 * rises, and the audit log has an entry, only where the settings became other ones.
 */
export async function updateWorkspace(
  db: Db,
  workspaceId: string,
  { name, settings = {} }: UpdateWorkspaceBody,
): Promise<StoredWorkspace | undefined> {
  const next = merged(settings);
  const results = await db.batch([
    // Whoever comes second sees, and audits, only what it changes itself.
    sql`select id from workspaces where id = ${workspaceId}::uuid for update`,
    sql`
      with changed as (
        update workspaces w set settings = ${next}, settings_version = w.settings_version + 1
        where w.id = ${workspaceId}::uuid and ${next} is distinct from w.settings returning w.id
      )
      insert into moderation_audit (id, workspace_id, act, actor, details)
      select ${uuidv7()}::uuid, id, 'settings.changed', 'workspace', ${JSON.stringify(audited(settings))}::jsonb from changed`,
    sql`update workspaces set name = coalesce(${name ?? null}::text, name) where id = ${workspaceId}::uuid`,
    selection(workspaceId),
  ]);
  // The batch's type knows nothing of each statement's columns; these come from `selection`.
  const row = results[3]?.rows[0] as WorkspaceRow | undefined;
  return row === undefined ? undefined : toStored(row);
}

/** `w.settings` with the patch over it: objects of `moderation` part by part, everything else as a whole. */
function merged({ moderation = {}, ...rest }: SettingsPatch): SQL {
  const old = sql`coalesce(w.settings -> 'moderation', '{}'::jsonb)`;
  const parts = JSON.stringify(moderation);
  const whole = sql`${old} || coalesce((
    select jsonb_object_agg(part.key, case when jsonb_typeof(part.value) = 'object'
      then coalesce(${old} -> part.key, '{}'::jsonb) || part.value else part.value end)
    from jsonb_each(${parts}::jsonb) as part), '{}'::jsonb)`;
  const top = sql`w.settings || ${JSON.stringify(rest)}::jsonb`;
  return Object.keys(moderation).length === 0 ? top : sql`${top} || jsonb_build_object('moderation', ${whole})`;
}

/** What the audit log shows of a patch: a hook's address is nobody's business but the operator's. */
function audited({ before_send_hook: hook, ...patch }: SettingsPatch): Record<string, unknown> {
  return { ...patch, ...(hook === undefined ? {} : { before_send_hook: hook === null ? "removed" : "set" }) };
}

function selection(workspaceId: string): SQL {
  return sql`select w.id, w.name, ${wireTime(sql`w.created_at`)} as created_at, w.settings,
    w.settings_version::int as version from workspaces w where w.id = ${workspaceId}::uuid`;
}

function toStored({ settings, version, ...workspace }: WorkspaceRow): StoredWorkspace {
  return { workspace: { ...workspace, settings: toSettings(settings) }, version };
}

/** Stored is only what was ever set: the rest has the defaults of the running version. */
function toSettings(stored: unknown): WorkspaceSettings {
  return workspaceSettingsSchema().parse(stored);
}

/** Users, channels and messages of a workspace. Messages are counted by their seqs, so that none of them is read. */
export async function countWorkspace(
  db: Db,
  workspaceId: string,
): Promise<{ users: number; channels: number; messages: number }> {
  const { rows } = await db.execute<{ users: number; channels: number; messages: number }>(sql`
    select (select count(*)::int from users where workspace_id = ${workspaceId}::uuid) as users,
      count(*)::int as channels, coalesce(sum(last_seq), 0)::float8 as messages
    from channels where workspace_id = ${workspaceId}::uuid and deleted_at is null`);
  return rows[0] ?? { users: 0, channels: 0, messages: 0 };
}

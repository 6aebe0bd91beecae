import { type SQL, sql } from "drizzle-orm";
import type { WebhookConfig, WebhookSnapshot } from "../domain/hub-contract.ts";
import type { WebhookSource } from "../domain/hub-ports.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { CreatedWebhook, UpdateWebhookBody, Webhook, WebhookEvent } from "../protocol/webhook.ts";
import type { Db } from "./db.ts";
import { wireTime } from "./fragments.ts";

/** Minutes in which the secret is shown again to a repeat of the call that created the webhook: its answer may have been lost. */
const SECRET_MINUTES = 10;

/** What a change did, and all webhooks as they are then, for the hub. */
export interface WebhookWrite<Value> {
  value: Value;
  snapshot: WebhookSnapshot;
}

type SnapshotRow = { version: number; webhooks: WebhookConfig[] };
type CreatedRow = Webhook & { secret: string | null; is_new: boolean };

/** A workspace's webhooks for its hub. */
export function postgresWebhookSource(db: Db, workspaceId: string): WebhookSource {
  return {
    load: async () => {
      const { rows } = await db.execute<SnapshotRow>(selectSnapshot(workspaceId));
      return toSnapshot(rows);
    },
    disable: async (webhookId, activation) => {
      const { snapshot } = await change(
        db,
        workspaceId,
        sql`update webhooks set enabled = false, disabled_reason = 'failures', disabled_at = now(), updated_at = now()
          where id = ${webhookId}::uuid and workspace_id = ${workspaceId}::uuid and enabled
            and activation = ${activation} returning *`,
        sql`c.id`,
      );
      return snapshot;
    },
  };
}

/**
 * Creates a webhook, unless there is one with the same URL and events: then that one is returned. Undefined where the
 * workspace has too many.
 *
 * @param events sorted
 */
export async function createWebhook(
  db: Db,
  workspaceId: string,
  wanted: { freshId: string; url: string; events: WebhookEvent[]; secret: string },
): Promise<WebhookWrite<{ webhook: CreatedWebhook; isNew: boolean } | undefined>> {
  const events = JSON.stringify(wanted.events);
  const same = sql`select * from webhooks where workspace_id = ${workspaceId}::uuid and url = ${wanted.url}
    and events = ${events}::jsonb order by id limit 1`;
  const { rows, snapshot } = await change<CreatedRow>(
    db,
    workspaceId,
    sql`insert into webhooks (id, workspace_id, url, events, secret)
      select ${wanted.freshId}::uuid, ${workspaceId}::uuid, ${wanted.url}, ${events}::jsonb, ${wanted.secret}
      where not exists (${same})
        and (select count(*) from webhooks where workspace_id = ${workspaceId}::uuid) < ${LIMITS.webhooksPerWorkspace}
      returning *`,
    sql`${columns("c")}, c.secret, true as is_new`,
    sql`union all select ${columns("s")},
      case when s.created_at > now() - make_interval(mins => ${SECRET_MINUTES}) then s.secret end, false
      from (${same}) s`,
  );
  const row = rows[0];
  if (row === undefined) return { value: undefined, snapshot };
  const { secret, is_new: isNew, ...webhook } = row;
  return { value: { webhook: secret === null ? webhook : { ...webhook, secret }, isNew }, snapshot };
}

/** Changes a webhook; undefined where there is none. Enabling one takes back what its failures did, also where it is enabled. */
export async function updateWebhook(
  db: Db,
  workspaceId: string,
  webhookId: string,
  body: UpdateWebhookBody,
): Promise<WebhookWrite<Webhook | undefined>> {
  const url = sql`coalesce(${body.url ?? null}::text, h.url)`;
  const events = sql`coalesce(${body.events === undefined ? null : JSON.stringify(body.events)}::jsonb, h.events)`;
  const enabled = sql`coalesce(${body.enabled ?? null}::boolean, h.enabled)`;
  const { rows, snapshot } = await change<Webhook>(
    db,
    workspaceId,
    sql`update webhooks h set url = ${url}, events = ${events}, enabled = ${enabled},
        activation = h.activation + ${body.enabled === true ? 1 : 0},
        disabled_reason = case when ${enabled} then null when h.enabled then 'request' else h.disabled_reason end,
        disabled_at = case when ${enabled} then null when h.enabled then now() else h.disabled_at end,
        updated_at = case when (h.url, h.events, h.enabled) is distinct from (${url}, ${events}, ${enabled})
          then now() else h.updated_at end
      where h.id = ${webhookId}::uuid and h.workspace_id = ${workspaceId}::uuid returning h.*`,
    columns("c"),
  );
  return { value: rows[0], snapshot };
}

/** Deletes a webhook. True where there was one. */
export async function deleteWebhook(db: Db, workspaceId: string, webhookId: string): Promise<WebhookWrite<boolean>> {
  const { rows, snapshot } = await change(
    db,
    workspaceId,
    sql`delete from webhooks where id = ${webhookId}::uuid and workspace_id = ${workspaceId}::uuid returning *`,
    sql`c.id`,
  );
  return { value: rows.length > 0, snapshot };
}

/** At most `limit` webhooks with an id above `after`, by id. */
export async function listWebhooks(db: Db, workspaceId: string, limit: number, after?: string): Promise<Webhook[]> {
  const { rows } = await db.execute<Webhook>(sql`
    select ${columns("h")} from webhooks h where h.workspace_id = ${workspaceId}::uuid
      ${after === undefined ? sql`` : sql`and h.id > ${after}::uuid`}
    order by h.id limit ${limit}`);
  return rows;
}

/**
 * One change under the workspace's lock, so that versions are serial. `write` is a statement that returns the changed rows,
 * `select` what to show of them (as `c`), `besides` more to add to that.
 */
async function change<Row extends Record<string, unknown>>(
  db: Db,
  workspaceId: string,
  write: SQL,
  select: SQL,
  besides: SQL = sql``,
): Promise<{ rows: Row[]; snapshot: WebhookSnapshot }> {
  const results = await db.batch([
    sql`select id from workspaces where id = ${workspaceId}::uuid for no key update`,
    sql`
      with changed as (${write}), bumped as (
        update workspaces set webhooks_version = webhooks_version + 1
        where id = ${workspaceId}::uuid and exists (select from changed)
      )
      select ${select} from changed c ${besides}`,
    selectSnapshot(workspaceId),
  ]);
  // The batch's type knows nothing of each statement's columns; the callers name theirs.
  return {
    rows: (results[1]?.rows ?? []) as Row[],
    snapshot: toSnapshot(results[2]?.rows as SnapshotRow[] | undefined),
  };
}

function selectSnapshot(workspaceId: string): SQL {
  return sql`select w.webhooks_version::int as version, coalesce((
      select json_agg(json_build_object('id', h.id, 'url', h.url, 'secret', h.secret, 'events', h.events,
        'enabled', h.enabled, 'activation', h.activation, 'created_at', ${wireTime(sql`h.created_at`)}) order by h.id)
      from webhooks h where h.workspace_id = w.id), '[]') as webhooks
    from workspaces w where w.id = ${workspaceId}::uuid`;
}

function toSnapshot(rows: readonly SnapshotRow[] | undefined): WebhookSnapshot {
  return rows?.[0] ?? { version: 0, webhooks: [] };
}

function columns(alias: string): SQL {
  const h = sql.raw(alias);
  return sql`${h}.id, ${h}.url, ${h}.events, ${h}.enabled, ${h}.disabled_reason,
    ${wireTime(sql`${h}.disabled_at`)} as disabled_at, ${wireTime(sql`${h}.created_at`)} as created_at,
    ${wireTime(sql`${h}.updated_at`)} as updated_at`;
}

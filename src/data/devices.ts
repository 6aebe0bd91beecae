import { sql } from "drizzle-orm";
import type { PushSource } from "../domain/hub-ports.ts";
import { FOR_GOOD, type PushDevice, type PushProfile } from "../domain/push.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Db } from "./db.ts";

/**
 * Registers a device for a user. Whoever had the token, or the same browser under another token, loses it; beyond the
 * limit of devices a user's oldest go.
 *
 * @returns everybody whose devices changed
 */
export async function putDevice(db: Db, workspaceId: string, userId: string, device: PushDevice): Promise<string[]> {
  const { token, platform, subscription } = device;
  const json = subscription === null ? null : JSON.stringify(subscription);
  const results = await db.batch([
    sql`
      delete from devices where workspace_id = ${workspaceId}::uuid and (
        token = ${token} and user_id <> ${userId}::uuid
        or token <> ${token} and subscription is not null
          and md5(subscription ->> 'endpoint') = md5(${subscription?.endpoint ?? null}::text))
      returning user_id`,
    // No row for a user who was deleted after the token was signed.
    sql`
      insert into devices as d (workspace_id, token, user_id, platform, subscription)
      select ${workspaceId}::uuid, ${token}, id, ${platform}, ${json}::jsonb from users
      where id = ${userId}::uuid and workspace_id = ${workspaceId}::uuid
      on conflict (workspace_id, token) do update set user_id = excluded.user_id, platform = excluded.platform,
        subscription = excluded.subscription, updated_at = now()
      returning user_id`,
    sql`
      delete from devices where user_id = ${userId}::uuid and token in (
        select token from devices where user_id = ${userId}::uuid
        order by updated_at desc, token offset ${LIMITS.devicesPerUser})`,
  ]);
  return [...new Set(results.flatMap(({ rows }) => rows.map((row) => String(row.user_id))))];
}

/** Forgets a device of a user; another user's device of that token stays. */
export async function deleteDevice(db: Db, workspaceId: string, userId: string, token: string): Promise<void> {
  await db.execute(sql`
    delete from devices
    where workspace_id = ${workspaceId}::uuid and user_id = ${userId}::uuid and token = ${token}`);
}

/** Reads who gets pushes where, for the hub of a workspace. */
export function postgresPushSource(db: Db, workspaceId: string): PushSource {
  return {
    load: (userIds) => load(db, workspaceId, userIds),
    dropDevice: (userId, token) => deleteDevice(db, workspaceId, userId, token),
  };
}

/** One statement, so that each profile is of one moment. */
async function load(db: Db, workspaceId: string, userIds: readonly string[]): Promise<PushProfile[]> {
  const { rows } = await db.execute<{ profile: PushProfile }>(sql`
    select json_build_object(
      'userId', u.id,
      'devices', coalesce((
        select json_agg(json_build_object('token', d.token, 'platform', d.platform, 'subscription', d.subscription)
          order by d.token)
        from devices d where d.user_id = u.id and d.workspace_id = u.workspace_id), '[]'),
      'mutedUntil', ${untilMs("u")},
      'channels', coalesce((
        select json_object_agg(m.channel_id, ${untilMs("m")})
        from members m where m.user_id = u.id and m.push_muted_until > now()), '{}'),
      'blocked', coalesce((select json_agg(b.blocked_user_id) from blocks b where b.user_id = u.id), '[]')
    ) as profile
    from users u
    where u.workspace_id = ${workspaceId}::uuid
      and u.id in (select value::uuid from jsonb_array_elements_text(${JSON.stringify(userIds)}::jsonb))`);
  return rows.map((row) => row.profile);
}

/** Unix milliseconds of a mute's end. */
function untilMs(alias: "u" | "m") {
  const until = sql.raw(`${alias}.push_muted_until`);
  return sql`case when ${until} is null then 0 when isfinite(${until})
    then (extract(epoch from ${until}) * 1000)::bigint else ${FOR_GOOD}::bigint end`;
}

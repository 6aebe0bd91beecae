import { type SQL, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import type { Ban } from "../protocol/moderation.ts";
import type { UserSummary } from "../protocol/user.ts";
import { type ChannelWrite, lockChannel } from "./channel-change.ts";
import { firstWrite } from "./channels.ts";
import type { Db } from "./db.ts";
import { wireTime } from "./fragments.ts";
import { type MembersTarget, removal } from "./members.ts";
import { rightsHold } from "./rights.ts";

export interface BanTerms {
  until: string | null;
  reason: string | null;
}

type BanRow = UserSummary & Omit<Ban, "user">;

/**
 * Bans a user and removes its membership, in one transaction under the channel's lock, so that nobody is added in between. A repeat with
 * the same terms changes nothing. `write` is undefined where the channel is gone or the caller's rights changed meanwhile.
 */
export async function banMember(
  db: Db,
  target: MembersTarget,
  userId: string,
  { until, reason }: BanTerms,
): Promise<{ write: ChannelWrite | undefined; ban: Ban | undefined }> {
  const { workspaceId, channelId, rights } = target;
  const results = await db.batch([
    lockChannel(workspaceId, channelId),
    sql`
      with written as (
        insert into bans as b (channel_id, user_id, until, reason, banned_by)
        select c.id, u.id, ${until}::timestamptz, ${reason}::text, ${rights?.userId ?? null}::uuid
        from channels c join users u on u.id = ${userId}::uuid and u.workspace_id = c.workspace_id
        where c.id = ${channelId}::uuid and c.deleted_at is null and ${rightsHold("c", rights)}
        on conflict (channel_id, user_id) do update set until = excluded.until, reason = excluded.reason,
          banned_by = excluded.banned_by, created_at = excluded.created_at
        where (b.until, b.reason) is distinct from (excluded.until, excluded.reason)
        returning *
      )
      ${audit(
        "member.banned",
        target,
        sql`jsonb_strip_nulls(jsonb_build_object('until', ${wireTime(sql`x.until`)},
        'reason', x.reason))`,
      )} from written x`,
    removal(target, [userId]),
    sql`${selection(channelId)} and b.user_id = ${userId}::uuid`,
  ]);
  // The batch's type knows nothing of each statement's columns; these come from `selection`.
  const row = results[3]?.rows[0] as BanRow | undefined;
  return { write: firstWrite(results[2]?.rows), ban: row === undefined ? undefined : toBan(row) };
}

/** Ends a ban; where there is none, or it is over, nobody is told. False where the caller's rights changed meanwhile. */
export async function unbanMember(db: Db, target: MembersTarget, userId: string): Promise<boolean> {
  const { workspaceId, channelId, rights } = target;
  const results = await db.batch([
    lockChannel(workspaceId, channelId),
    sql`
      with allowed as (select c.id from channels c where c.id = ${channelId}::uuid and ${rightsHold("c", rights)}),
      gone as (
        delete from bans b using allowed a where b.channel_id = a.id and b.user_id = ${userId}::uuid returning b.*
      )
      ${audit("member.unbanned", target, sql`'{}'::jsonb`)} from gone x where x.until is null or x.until > now()`,
    sql`select c.id from channels c where c.id = ${channelId}::uuid and ${rightsHold("c", rights)}`,
  ]);
  return (results[2]?.rows ?? []).length > 0;
}

/** At most `limit` bans of a channel that are not over, after a place, newest first. */
export async function listBans(
  db: Db,
  channelId: string,
  limit: number,
  after?: [createdAt: string, userId: string],
): Promise<Ban[]> {
  const place =
    after === undefined ? sql`` : sql`and (b.created_at, b.user_id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`;
  const { rows } = await db.execute<BanRow>(sql`${selection(channelId)} and ${isActive("b")} ${place}
    order by b.created_at desc, b.user_id desc limit ${limit}`);
  return rows.map(toBan);
}

/** True for a row of `bans` that is not over. */
export function isActive(alias: string): SQL {
  const b = sql.raw(alias);
  return sql`(${b}.until is null or ${b}.until > now())`;
}

/** The beginning of an INSERT into the audit log; rows `x` with `channel_id` and `user_id` follow. */
function audit(act: string, { workspaceId, rights }: MembersTarget, details: SQL): SQL {
  return sql`insert into moderation_audit (id, workspace_id, act, actor, actor_id, channel_id, user_id, details)
    select ${uuidv7()}::uuid, ${workspaceId}::uuid, ${act}, ${rights === undefined ? "workspace" : "user"},
      ${rights?.userId ?? null}::uuid, x.channel_id, x.user_id, ${details}`;
}

function selection(channelId: string): SQL {
  return sql`select b.channel_id, u.id, u.external_id, u.name, u.avatar_url, ${wireTime(sql`b.until`)} as until, b.reason,
    b.banned_by, ${wireTime(sql`b.created_at`)} as created_at
    from bans b join users u on u.id = b.user_id where b.channel_id = ${channelId}::uuid`;
}

function toBan({ id, external_id, name, avatar_url, ...ban }: BanRow): Ban {
  return { ...ban, user: { id, external_id, name, avatar_url } };
}

import { type SQL, sql } from "drizzle-orm";
import type { PushMute } from "../protocol/push.ts";
import type { Db } from "./db.ts";
import { wireTime } from "./fragments.ts";

/** `muted` and `muted_until` of a column that holds the end of a mute: null for none, infinity for good. */
export function pushMuteColumns(until: SQL): SQL {
  return sql`coalesce(${until} > now(), false) as muted,
    case when isfinite(${until}) and ${until} > now() then ${wireTime(until)} end as muted_until`;
}

/** The end of a mute: a time on the wire, `infinity`, or null for none. */
export type MuteEnd = string | "infinity" | null;

/** Mutes a channel for one member. Undefined where the user is no member. */
export async function setChannelMute(
  db: Db,
  channelId: string,
  userId: string,
  until: MuteEnd,
): Promise<PushMute | undefined> {
  const { rows } = await db.execute<PushMute>(sql`
    update members set push_muted_until = ${until}::timestamptz
    where channel_id = ${channelId}::uuid and user_id = ${userId}::uuid
    returning ${pushMuteColumns(sql`push_muted_until`)}`);
  return rows[0];
}

/** Mutes all pushes of a user. Undefined where the user is gone. */
export async function setUserMute(
  db: Db,
  workspaceId: string,
  userId: string,
  until: MuteEnd,
): Promise<PushMute | undefined> {
  const { rows } = await db.execute<PushMute>(sql`
    update users set push_muted_until = ${until}::timestamptz
    where workspace_id = ${workspaceId}::uuid and id = ${userId}::uuid
    returning ${pushMuteColumns(sql`push_muted_until`)}`);
  return rows[0];
}

/** Whether a user gets pushes at all. Undefined where the user is gone. */
export async function findUserMute(db: Db, workspaceId: string, userId: string): Promise<PushMute | undefined> {
  const { rows } = await db.execute<PushMute>(sql`
    select ${pushMuteColumns(sql`push_muted_until`)} from users
    where workspace_id = ${workspaceId}::uuid and id = ${userId}::uuid`);
  return rows[0];
}

/**
 * Hides a channel from its member's list up to a message, or shows it again. False where the user is no member.
 *
 * @param throughSeq seq of the newest message as the hub knows it, which may be ahead of Postgres; undefined to show
 */
export async function setHidden(
  db: Db,
  channelId: string,
  userId: string,
  throughSeq: number | undefined,
): Promise<boolean> {
  const hidden =
    throughSeq === undefined
      ? sql`null::bigint`
      : sql`greatest(${throughSeq}::bigint, (select last_seq from channels where id = ${channelId}::uuid))`;
  const { rows } = await db.execute(sql`
    update members set hidden_seq = ${hidden}
    where channel_id = ${channelId}::uuid and user_id = ${userId}::uuid returning user_id`);
  return rows.length > 0;
}

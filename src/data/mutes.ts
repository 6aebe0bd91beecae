import { type SQL, sql } from "drizzle-orm";
import type { Mute } from "../protocol/moderation.ts";
import type { UserSummary } from "../protocol/user.ts";
import type { Db } from "./db.ts";
import { wireTime } from "./fragments.ts";

type MuteRow = UserSummary & Omit<Mute, "user"> & { user_id: string };

/** A user's mute in a channel, over or not. */
export async function findMute(db: Db, channelId: string, userId: string): Promise<Mute | undefined> {
  const { rows } = await db.execute<MuteRow>(sql`${selection(channelId)} and x.user_id = ${userId}::uuid`);
  return rows[0] === undefined ? undefined : toMute(rows[0]);
}

/** At most `limit` mutes of a channel that are not over, after a place, newest first. */
export async function listMutes(
  db: Db,
  channelId: string,
  limit: number,
  after?: [createdAt: string, userId: string],
): Promise<Mute[]> {
  const place =
    after === undefined ? sql`` : sql`and (x.created_at, x.user_id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`;
  const { rows } =
    await db.execute<MuteRow>(sql`${selection(channelId)} and (x.until is null or x.until > now()) ${place}
    order by x.created_at desc, x.user_id desc limit ${limit}`);
  return rows.map(toMute);
}

function selection(channelId: string): SQL {
  return sql`select x.channel_id, u.id, u.external_id, u.name, u.avatar_url, ${wireTime(sql`x.until`)} as until, x.muted_by,
    x.rule, ${wireTime(sql`x.created_at`)} as created_at
    from mutes x join users u on u.id = x.user_id where x.channel_id = ${channelId}::uuid`;
}

function toMute({ id, external_id, name, avatar_url, ...mute }: MuteRow): Mute {
  return { ...mute, user: { id, external_id, name, avatar_url } };
}

import { type SQL, sql } from "drizzle-orm";
import type { ChannelChange, ChannelInfo, Membership, UserProfile } from "../domain/hub-contract.ts";
import type { Channel } from "../protocol/channel.ts";
import { channelInfoJson, membershipJson, profileJson } from "./fragments.ts";

/** A channel at a version, and what a committed statement did to it; without `change` it did nothing. */
export interface ChannelWrite {
  channel: Channel;
  version: number;
  change?: ChannelChange;
}

/** What the statements below return of one channel. */
export type ChannelWriteRow = {
  info: ChannelInfo;
  version: number;
  member_count: number;
  changed: boolean;
  deleted: boolean;
  updated: boolean;
  joined: Membership[];
  role_changed: Membership[];
  left: string[];
  users: UserProfile[];
};

/** Takes the row lock that makes versions of a channel serial: the first statement of each batch that changes one. */
export function lockChannel(workspaceId: string, channelId: string): SQL {
  return sql`select id from channels where id = ${channelId}::uuid and workspace_id = ${workspaceId}::uuid for update`;
}

/** Columns of `ChannelWriteRow`; each part is a CTE's name with rows of the channel, where the statement has that part. */
export function changeColumns(
  alias: string,
  parts: { changed: SQL; deleted?: boolean; updated?: boolean; joined?: string; roleChanged?: string; left?: string },
): SQL {
  const c = sql.raw(alias);
  const memberships = (cte: string | undefined): SQL =>
    cte === undefined
      ? sql`'[]'::json`
      : sql`coalesce((select json_agg(${membershipJson("x")}) from ${sql.raw(cte)} x where x.channel_id = ${c}.id), '[]')`;
  const left =
    parts.left === undefined
      ? sql`'[]'::json`
      : sql`coalesce((select json_agg(x.user_id) from ${sql.raw(parts.left)} x where x.channel_id = ${c}.id), '[]')`;
  return sql`${channelInfoJson(alias)} as info, ${c}.version::int as version, ${c}.member_count, ${parts.changed} as changed,
    ${sql.raw(String(parts.deleted ?? false))} as deleted, ${sql.raw(String(parts.updated ?? false))} as updated,
    ${memberships(parts.joined)} as joined, ${memberships(parts.roleChanged)} as role_changed, ${left} as left,
    ${profiles(alias, parts.joined, parts.roleChanged)} as users`;
}

/** Profiles of everybody whose membership is new or changed. */
function profiles(alias: string, joined: string | undefined, roleChanged: string | undefined): SQL {
  const ctes = [joined, roleChanged].filter((cte) => cte !== undefined);
  if (ctes.length === 0) return sql`'[]'::json`;
  const ids = sql.join(
    ctes.map((cte) => sql`select user_id from ${sql.raw(cte)} where channel_id = ${sql.raw(alias)}.id`),
    sql` union `,
  );
  return sql`coalesce((select json_agg(${profileJson("u")}) from users u where u.id in (${ids})), '[]')`;
}

export function toChannelWrite(row: ChannelWriteRow): ChannelWrite {
  const channel: Channel = { ...row.info, member_count: row.member_count };
  if (!row.changed) return { channel, version: row.version };
  const change: ChannelChange = {
    channel: row.info,
    version: row.version,
    deleted: row.deleted,
    updated: row.updated,
    joined: row.joined,
    users: row.users,
    roleChanged: row.role_changed,
    left: row.left,
  };
  return { channel, version: row.version, change };
}

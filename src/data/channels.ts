import { sql } from "drizzle-orm";
import type { ChannelStanding } from "../domain/access.ts";
import type { ChannelInfo } from "../domain/hub-contract.ts";
import type { Channel, ChannelType, UpdateChannelBody } from "../protocol/channel.ts";
import type { Role } from "../protocol/member.ts";
import {
  type ChannelWrite,
  type ChannelWriteRow,
  changeColumns,
  lockChannel,
  toChannelWrite,
} from "./channel-change.ts";
import type { Db } from "./db.ts";
import { byRef, channelInfoJson } from "./fragments.ts";
import { type RightsSeen, rightsHold } from "./rights.ts";

/** A channel with what the caller is to it. */
export interface FoundChannel extends ChannelStanding {
  channel: Channel;
  version: number;
  deleted: boolean;
}

type FoundRow = {
  info: ChannelInfo;
  version: number;
  member_count: number;
  deleted: boolean;
  type: ChannelType;
  is_member: boolean;
  role: Role | null;
};

/**
 * The channel with this internal or external id, and the membership of `userId` in it where one is given. A deleted channel is
 * found only if `withDeleted`, and after a living one of the same external id.
 */
export async function findChannel(
  db: Db,
  workspaceId: string,
  ref: string,
  options: { userId?: string | undefined; withDeleted?: boolean } = {},
): Promise<FoundChannel | undefined> {
  const { matches, internalFirst } = byRef("c", ref);
  const { rows } = await db.execute<FoundRow>(sql`
    select ${channelInfoJson("c")} as info, c.version::int as version, c.member_count, c.type,
      c.deleted_at is not null as deleted, m.user_id is not null as is_member, m.role
    from channels c left join members m on m.channel_id = c.id and m.user_id = ${options.userId ?? null}::uuid
    where c.workspace_id = ${workspaceId}::uuid and ${matches} ${options.withDeleted ? sql`` : sql`and c.deleted_at is null`}
    order by c.deleted_at is not null, ${internalFirst}, c.deleted_at desc limit 1`);
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    channel: { ...row.info, member_count: row.member_count },
    version: row.version,
    deleted: row.deleted,
    type: row.type,
    isMember: row.is_member,
    role: row.role,
  };
}

/** Sets name and picture. Undefined where the channel is gone or the caller's rights changed meanwhile. */
export async function updateChannel(
  db: Db,
  workspaceId: string,
  channelId: string,
  body: UpdateChannelBody,
  rights: RightsSeen,
): Promise<ChannelWrite | undefined> {
  const name = body.name === undefined ? sql`c.name` : sql`${body.name}::text`;
  const avatar = body.avatar_url === undefined ? sql`c.avatar_url` : sql`${body.avatar_url}::text`;
  const [, results] = await db.batch([
    lockChannel(workspaceId, channelId),
    sql`
      with allowed as (
        select c.* from channels c
        where c.id = ${channelId}::uuid and c.deleted_at is null and ${rightsHold("c", rights)}
      ),
      changed as (
        update channels c set name = ${name}, avatar_url = ${avatar}, version = c.version + 1, updated_at = now()
        from allowed where c.id = allowed.id and (c.name, c.avatar_url) is distinct from (${name}, ${avatar})
        returning c.*
      )
      select ${changeColumns("w", { changed: sql`true`, updated: true })} from changed w
      union all
      select ${changeColumns("a", { changed: sql`false` })} from allowed a where not exists (select from changed)`,
  ]);
  return firstWrite(results?.rows);
}

/** Marks a channel deleted; its external id or its pair is free again. A repeat changes nothing. */
export async function deleteChannel(db: Db, workspaceId: string, channelId: string): Promise<ChannelWrite | undefined> {
  const [, results] = await db.batch([
    lockChannel(workspaceId, channelId),
    sql`
      with gone as (
        update channels c set deleted_at = now(), updated_at = now(), version = c.version + 1
        where c.id = ${channelId}::uuid and c.deleted_at is null returning c.*
      )
      select ${changeColumns("w", { changed: sql`true`, deleted: true })} from gone w
      union all
      select ${changeColumns("c", { changed: sql`false` })} from channels c
      where c.id = ${channelId}::uuid and not exists (select from gone)`,
  ]);
  return firstWrite(results?.rows);
}

/** The one channel of a statement that returns `changeColumns`. */
export function firstWrite(rows: Record<string, unknown>[] | undefined): ChannelWrite | undefined {
  const row = rows?.[0];
  // The batch's type knows nothing of each statement's columns; these come from `changeColumns` right above.
  return row === undefined ? undefined : toChannelWrite(row as ChannelWriteRow);
}

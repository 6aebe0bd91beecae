import { type SQL, sql } from "drizzle-orm";
import type { Member, Role } from "../protocol/member.ts";
import { type ChannelWrite, changeColumns, lockChannel } from "./channel-change.ts";
import { firstWrite } from "./channels.ts";
import type { Db } from "./db.ts";
import { namedUsers, wireTime } from "./fragments.ts";
import { type RightsSeen, rightsHold } from "./rights.ts";

export interface MembersWrite {
  /** Places in the list of ids that belong to nobody. Then nothing was changed. */
  missing: number[];
  /** Undefined where ids were missing, the channel is gone, or the caller's rights changed meanwhile. */
  write: ChannelWrite | undefined;
}

/** Where a change happens, and under which membership it was allowed. */
export interface MembersTarget {
  workspaceId: string;
  channelId: string;
  rights: RightsSeen;
}

/**
 * Adds users to a group; those who are in it already stay as they are. Newcomers have read all that was said before. Where one of them is
 * banned (`banned` has their places in the list), nobody is added.
 */
export async function addMembers(
  db: Db,
  target: MembersTarget,
  refs: string[],
): Promise<MembersWrite & { members: Member[]; banned: number[] }> {
  const { workspaceId, channelId } = target;
  const results = await db.batch([
    lockChannel(workspaceId, channelId),
    sql`
      with ${namedUsers(workspaceId, refs)}, ${allowedCte(target)}, ${bannedCte(channelId)},
      joined as (
        insert into members (channel_id, user_id, role, last_read_seq, last_delivered_seq)
        select distinct a.id, n.id, 'member', a.last_seq, a.last_seq from allowed a, named n
        where not exists (select from banned)
        on conflict do nothing returning *
      ),
      changed as (
        update channels c set version = c.version + 1, member_count = c.member_count + (select count(*) from joined)
        where c.id = ${channelId}::uuid and exists (select from joined) returning c.*
      )
      select ${changeColumns("w", { changed: sql`true`, joined: "joined" })} from changed w
      union all ${unchanged()}`,
    missingOf(workspaceId, refs),
    sql`with ${namedUsers(workspaceId, refs)}
      select ${memberColumns()} from ${membersShownTo(target.rights?.userId)}
      where m.channel_id = ${channelId}::uuid and m.user_id in (select id from named) order by m.joined_at, m.user_id`,
    sql`with ${namedUsers(workspaceId, refs)}, ${bannedCte(channelId)} select ord from banned order by ord`,
  ]);
  const members = (results[3]?.rows ?? []).map((row) => toMember(row as MemberRow));
  const banned = (results[4]?.rows ?? []).map((row) => Number(row.ord));
  return { ...toWrite(results[1]?.rows, results[2]?.rows), members, banned };
}

/** A CTE `banned` (`ord`) after `named`: who of them may not be in the channel. */
function bannedCte(channelId: string): SQL {
  return sql`banned as (
    select n.ord from named n join bans b on b.user_id = n.id
    where b.channel_id = ${channelId}::uuid and (b.until is null or b.until > now()))`;
}

/**
 * Removes users; those who are not in it are no-ops. Where the last admin leaves, the member of longest standing becomes admin in
 * the same statement, so that a group which had an admin is never without one.
 */
export async function removeMembers(db: Db, target: MembersTarget, refs: string[]): Promise<MembersWrite> {
  const { workspaceId, channelId } = target;
  const results = await db.batch([
    lockChannel(workspaceId, channelId),
    removal(target, refs),
    missingOf(workspaceId, refs),
  ]);
  return toWrite(results[1]?.rows, results[2]?.rows);
}

/** The removal itself, behind `lockChannel` in a batch: its rows are those of `firstWrite`. */
export function removal(target: MembersTarget, refs: string[]): SQL {
  return sql`
    with ${namedUsers(target.workspaceId, refs)}, ${allowedCte(target)},
    gone as (
      delete from members m using allowed a
      where m.channel_id = a.id and m.user_id in (select id from named) returning m.*
    ),
    ${heirsCte()},
    changed as (
      update channels c set version = c.version + 1, member_count = c.member_count - (select count(*) from gone)
      where c.id = ${target.channelId}::uuid and exists (select from gone) returning c.*
    )
    select ${changeColumns("w", { changed: sql`true`, roleChanged: "promoted", left: "gone" })} from changed w
    union all ${unchanged()}`;
}

export interface RoleWrite {
  write: ChannelWrite | undefined;
  /** Undefined where the user is not a member. */
  member: Member | undefined;
}

/** Gives a member a role. Nothing changes where it would leave the group without an admin; `member` tells what holds now. */
export async function setRole(db: Db, target: MembersTarget, userId: string, role: Role): Promise<RoleWrite> {
  const { workspaceId, channelId } = target;
  const results = await db.batch([
    lockChannel(workspaceId, channelId),
    sql`
      with missing as (select 1 where false), ${allowedCte(target)},
      updated as (
        update members m set role = ${role} from allowed a
        where m.channel_id = a.id and m.user_id = ${userId}::uuid and m.role <> ${role}
          and (${role} = 'admin' or exists (
            select from members o where o.channel_id = a.id and o.role = 'admin' and o.user_id <> m.user_id))
        returning m.*
      ),
      changed as (
        update channels c set version = c.version + 1
        where c.id = ${channelId}::uuid and exists (select from updated) returning c.*
      )
      select ${changeColumns("w", { changed: sql`true`, roleChanged: "updated" })} from changed w
      union all ${unchanged()}`,
    sql`select ${memberColumns()} from ${membersShownTo(target.rights?.userId)}
      where m.channel_id = ${channelId}::uuid and m.user_id = ${userId}::uuid`,
  ]);
  const row = results[2]?.rows[0];
  return { write: firstWrite(results[1]?.rows), member: row === undefined ? undefined : toMember(row as MemberRow) };
}

/** At most `limit` members after a place, by time of joining, as `viewer` sees them; undefined for a workspace key. */
export async function listMembers(
  db: Db,
  channelId: string,
  viewer: string | undefined,
  limit: number,
  after?: [joinedAt: string, userId: string],
): Promise<Member[]> {
  const { rows } = await db.execute<MemberRow>(sql`
    select ${memberColumns()} from ${membersShownTo(viewer)} where m.channel_id = ${channelId}::uuid
      ${after === undefined ? sql`` : sql`and (m.joined_at, m.user_id) > (${after[0]}::timestamptz, ${after[1]}::uuid)`}
    order by m.joined_at, m.user_id limit ${limit}`);
  return rows.map(toMember);
}

/**
 * CTEs `heirs` and `promoted` after a CTE `gone` of removed memberships: in each channel that lost its last admin, the member who
 * joined first.
 */
export function heirsCte(): SQL {
  return sql`
    heirs as (
      select distinct on (m.channel_id) m.channel_id, m.user_id from members m
      where m.channel_id in (select channel_id from gone where role = 'admin')
        and (m.channel_id, m.user_id) not in (select channel_id, user_id from gone)
        and not exists (
          select from members o where o.channel_id = m.channel_id and o.role = 'admin'
            and (o.channel_id, o.user_id) not in (select channel_id, user_id from gone))
      order by m.channel_id, m.joined_at, m.user_id
    ),
    promoted as (
      update members m set role = 'admin' from heirs h
      where m.channel_id = h.channel_id and m.user_id = h.user_id returning m.*
    )`;
}

function allowedCte({ channelId, rights }: MembersTarget): SQL {
  return sql`allowed as (
    select c.* from channels c where c.id = ${channelId}::uuid and c.deleted_at is null
      and not exists (select from missing) and ${rightsHold("c", rights)})`;
}

function unchanged(): SQL {
  return sql`select ${changeColumns("a", { changed: sql`false` })} from allowed a where not exists (select from changed)`;
}

function missingOf(workspaceId: string, refs: string[]): SQL {
  return sql`with ${namedUsers(workspaceId, refs)} select ord from missing order by ord`;
}

function toWrite(
  writeRows: Record<string, unknown>[] | undefined,
  missingRows: Record<string, unknown>[] | undefined,
): MembersWrite {
  return { write: firstWrite(writeRows), missing: (missingRows ?? []).map((row) => Number(row.ord)) };
}

type MemberRow = {
  id: string;
  external_id: string;
  name: string;
  avatar_url: string | null;
  role: Role | null;
  joined_at: string;
  last_delivered_at: string | null;
  last_read_at: string | null;
};

/** Of `membersShownTo`. */
function memberColumns(): SQL {
  return sql`u.id, u.external_id, u.name, u.avatar_url, m.role, ${wireTime(sql`m.joined_at`)} as joined_at,
    ${wireTime(sql`shown.last_delivered_at`)} as last_delivered_at, ${wireTime(sql`shown.last_read_at`)} as last_read_at`;
}

/**
 * Members `m` with their users `u`, and their cursors `shown`: with read receipts off to nobody but `viewer`, who sees its
 * own.
 */
function membersShownTo(viewer: string | undefined): SQL {
  return sql`members m join users u on u.id = m.user_id join workspaces w on w.id = u.workspace_id
    left join lateral (
      select m.last_delivered_at, m.last_read_at
      where coalesce((w.settings ->> 'read_receipts')::boolean, true) or m.user_id = ${viewer ?? null}::uuid
    ) shown on true`;
}

function toMember({ id, external_id, name, avatar_url, ...membership }: MemberRow): Member {
  return { user: { id, external_id, name, avatar_url }, ...membership };
}

import type pg from "pg";
import type { BlockData, ChannelData, MemberData, UserData } from "./import-batch.ts";
import { stableId, wantedId } from "./import-ids.ts";
import { OperatorError } from "./workspaces.ts";

/** What a file calls a channel, as it is in the database. */
export interface KnownChannel {
  id: string;
  /** False for a channel that people use already: then the import leaves it alone. */
  importing: boolean;
  lastSeq: number;
}

/** Internal ids by the ids of the file. Both grow with people and channels, not with messages. */
export interface KnownIds {
  users: Map<string, string>;
  channels: Map<string, KnownChannel>;
}

/** Larger than any seq: "everything that is imported", until the channels are opened. */
export const ALL_SEQ = 2 ** 53 - 1;

type Found = { id: string; external_id: string | null; own: boolean };

/** Writes users that are new; those with an external id or an id of the workspace are the ones that it has. */
export async function writeUsers(client: pg.Client, workspaceId: string, users: UserData[], known: KnownIds) {
  if (users.length === 0) return;
  const wanted = users.map((user) => ({
    ...user,
    external_id: user.external_id ?? user.id,
    updated_at: user.updated_at ?? user.created_at,
    first: wantedId(workspaceId, user.id),
    second: stableId(workspaceId, user.id),
  }));
  const { rows } = await client.query<Found>(
    `select id, external_id, workspace_id = $1::uuid as own from users
     where id = any($2::uuid[]) or (workspace_id = $1::uuid and external_id = any($3::text[]))`,
    [workspaceId, wanted.flatMap(({ first, second }) => [first, second]), wanted.map((user) => user.external_id)],
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byExternal = new Map(rows.filter((row) => row.own).map((row) => [row.external_id, row.id]));
  const fresh: object[] = [];
  for (const { first, second, line: _line, ...user } of wanted) {
    const present = byExternal.get(user.external_id) ?? [first, second].find((id) => byId.get(id)?.own) ?? undefined;
    const id = present ?? (byId.has(first) ? second : first);
    known.users.set(user.id, id);
    if (present !== undefined) continue;
    byExternal.set(user.external_id, id);
    byId.set(id, { id, external_id: user.external_id, own: true });
    fresh.push({ ...user, id });
  }
  if (fresh.length === 0) return;
  await client.query(
    `insert into users (id, workspace_id, external_id, name, avatar_url, metadata, created_at, updated_at)
     select id, $1::uuid, external_id, name, avatar_url, metadata, created_at, updated_at from jsonb_to_recordset($2::jsonb) as u (
       id uuid, external_id text, name text, avatar_url text, metadata jsonb, created_at timestamptz, updated_at timestamptz)`,
    [workspaceId, JSON.stringify(fresh)],
  );
}

type FoundChannel = Found & { importing: boolean; deleted: boolean; last_seq: number };

/**
 * Writes channels that are new, hidden until they are opened. One with the same id or external id is the one that the
 * workspace has.
 */
export async function writeChannels(client: pg.Client, workspaceId: string, channels: ChannelData[], known: KnownIds) {
  if (channels.length === 0) return;
  const wanted = channels.map((channel) => ({
    ...channel,
    updated_at: channel.updated_at ?? channel.created_at,
    // Those that shall be open count as deleted for ever, until they are.
    deleted_at: channel.deleted_at ?? "infinity",
    created_by: channel.created_by === null ? null : userId(workspaceId, channel.created_by, known),
    first: wantedId(workspaceId, channel.id),
    second: stableId(workspaceId, channel.id),
  }));
  const { rows } = await client.query<FoundChannel>(
    `select id, external_id, workspace_id = $1::uuid as own, importing, last_seq::float8 as last_seq,
       deleted_at is not null and not importing as deleted
     from channels where id = any($2::uuid[])
       or (workspace_id = $1::uuid and external_id = any($3::text[]) and (deleted_at is null or importing))`,
    [workspaceId, wanted.flatMap(({ first, second }) => [first, second]), wanted.map((channel) => channel.external_id)],
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byExternal = new Map(rows.filter((row) => row.own && !row.deleted).map((row) => [row.external_id, row]));
  const fresh: object[] = [];
  for (const { first, second, line: _line, ...channel } of wanted) {
    const own = [first, second].map((id) => byId.get(id)).find((row) => row?.own);
    const isOpen = channel.deleted_at === "infinity" && channel.external_id !== null;
    const present = own ?? (isOpen ? byExternal.get(channel.external_id) : undefined);
    if (present !== undefined) {
      known.channels.set(channel.id, {
        id: present.id,
        importing: present.importing,
        lastSeq: known.channels.get(channel.id)?.lastSeq ?? present.last_seq,
      });
      continue;
    }
    const id = byId.has(first) ? second : first;
    const row = { id, external_id: channel.external_id, own: true, importing: true, deleted: false, last_seq: 0 };
    byId.set(id, row);
    if (isOpen) byExternal.set(channel.external_id, row);
    known.channels.set(channel.id, { id, importing: true, lastSeq: 0 });
    fresh.push({ ...channel, id });
  }
  if (fresh.length === 0) return;
  await client.query(
    `insert into channels (id, workspace_id, external_id, type, name, avatar_url, created_by, last_activity_at, created_at,
       updated_at, deleted_at, importing)
     select id, $1::uuid, external_id, type, name, avatar_url, created_by, created_at, created_at, updated_at, deleted_at, true
     from jsonb_to_recordset($2::jsonb) as c (id uuid, external_id text, type text, name text, avatar_url text,
       created_by uuid, created_at timestamptz, updated_at timestamptz, deleted_at timestamptz)`,
    [workspaceId, JSON.stringify(fresh)],
  );
}

/** Adds members to channels that are being imported. */
export async function writeMembers(client: pg.Client, members: MemberData[], known: KnownIds): Promise<void> {
  const rows = members.flatMap(({ line, ...member }) => {
    const channel = requireChannel(member.channel_id, line, known);
    if (!channel.importing) return [];
    const user = requireUser(member.user_id, line, known);
    const read = {
      last_read_seq: member.last_read_seq ?? ALL_SEQ,
      last_delivered_seq: member.last_delivered_seq ?? ALL_SEQ,
    };
    return [{ ...member, ...read, channel_id: channel.id, user_id: user }];
  });
  if (rows.length === 0) return;
  await client.query(
    `insert into members (channel_id, user_id, role, joined_at, last_read_seq, last_read_at, last_delivered_seq,
       last_delivered_at)
     select m.channel_id, m.user_id, case when c.type = 'group' then coalesce(m.role, 'member') end, m.joined_at,
       m.last_read_seq, m.last_read_at, m.last_delivered_seq, m.last_delivered_at
     from jsonb_to_recordset($1::jsonb) as m (channel_id uuid, user_id uuid, role text, joined_at timestamptz,
       last_read_seq bigint, last_read_at timestamptz, last_delivered_seq bigint, last_delivered_at timestamptz)
     join channels c on c.id = m.channel_id
     on conflict do nothing`,
    [JSON.stringify(rows)],
  );
}

export async function writeBlocks(client: pg.Client, workspaceId: string, blocks: BlockData[], known: KnownIds) {
  if (blocks.length === 0) return;
  const rows = blocks.map(({ line, ...block }) => ({
    ...block,
    user_id: requireUser(block.user_id, line, known),
    blocked_user_id: requireUser(block.blocked_user_id, line, known),
  }));
  await client.query(
    `insert into blocks (workspace_id, user_id, blocked_user_id, created_at)
     select $1::uuid, user_id, blocked_user_id, created_at
     from jsonb_to_recordset($2::jsonb) as b (user_id uuid, blocked_user_id uuid, created_at timestamptz)
     on conflict do nothing`,
    [workspaceId, JSON.stringify(rows)],
  );
}

/** The internal id of somebody whom the file need not describe: an author outlives its profile. */
export function userId(workspaceId: string, given: string, known: KnownIds): string {
  return known.users.get(given) ?? wantedId(workspaceId, given);
}

export function requireChannel(given: string, line: number, known: KnownIds): KnownChannel {
  const channel = known.channels.get(given);
  if (channel === undefined)
    throw new OperatorError(`line ${line}: there is no channel ${given} further up in the file`);
  return channel;
}

function requireUser(given: string, line: number, known: KnownIds): string {
  const id = known.users.get(given);
  if (id === undefined) throw new OperatorError(`line ${line}: there is no user ${given} further up in the file`);
  return id;
}

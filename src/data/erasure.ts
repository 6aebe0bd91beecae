import { type SQL, sql } from "drizzle-orm";
import type { ErasureStore, Slice } from "../domain/hub-ports.ts";
import type { ChangedMessage } from "../protocol/message.ts";
import type { Db } from "./db.ts";
import { deleteUser } from "./delete-user.ts";
import { joins, type MessageJson, messageJson, toMessage } from "./message-json.ts";

/** Finds and removes a user's traces in a workspace. */
export function postgresErasure(db: Db, workspaceId: string): ErasureStore {
  return {
    async removeUser(userId) {
      const writes = await deleteUser(db, workspaceId, userId);
      return writes.map(({ channel, version, change }) => ({ channelId: channel.id, version, change }));
    },
    messagesBy: (userId, after, limit) => messagesBy(db, workspaceId, userId, after, limit),
    reactionsBy: (userId, after, limit) => reactionsBy(db, workspaceId, userId, after, limit),
    mentionsOf: (userId, after, limit) => mentionsOf(db, workspaceId, userId, after, limit),
    forget: (userId) => forget(db, workspaceId, userId),
  };
}

async function messagesBy(db: Db, workspaceId: string, userId: string, after: string | null, limit: number) {
  const page = sql`
    select m.*, m.id::text as place from messages m
    where m.user_id = ${userId}::uuid and m.workspace_id = ${workspaceId}::uuid and m.deleted_at is null
      ${after === null ? sql`` : sql`and m.id > ${after}::uuid`}
    order by m.id limit ${limit}`;
  return readSlice(db, page, sql`m.id`, limit);
}

async function mentionsOf(db: Db, workspaceId: string, userId: string, after: string | null, limit: number) {
  const [channelId, seq] = after?.split(" ") ?? [];
  const page = sql`
    select m.*, n.channel_id::text || ' ' || n.seq::text as place from mentions n join messages m on m.id = n.message_id
    where n.user_id = ${userId}::uuid and m.workspace_id = ${workspaceId}::uuid
      ${channelId === undefined ? sql`` : sql`and (n.channel_id, n.seq) > (${channelId}::uuid, ${seq}::bigint)`}
    order by n.channel_id, n.seq limit ${limit}`;
  return readSlice(db, page, sql`m.channel_id, m.seq`, limit);
}

/** Messages of `page`, which says of each row where it is in its `place`. */
async function readSlice(db: Db, page: SQL, order: SQL, limit: number): Promise<Slice<ChangedMessage>> {
  const { rows } = await db.execute<{ message: MessageJson; place: string }>(sql`
    with page as materialized (${page})
    select ${messageJson("m", sql`c.external_id`, undefined)} as message, m.place
    from page m join channels c on c.id = m.channel_id ${joins("m")} order by ${order}`);
  const items = rows.map((row): ChangedMessage => {
    const {
      reactions: _reactions,
      reply_count: _count,
      last_repliers: _repliers,
      ...message
    } = toMessage(row.message, undefined);
    return message;
  });
  return { items, next: rows.length === limit ? rows.at(-1)?.place : undefined };
}

type ReactionRow = { channel_id: string; channel_external_id: string | null; message_id: string; emoji: string };

async function reactionsBy(
  db: Db,
  workspaceId: string,
  userId: string,
  after: string | null,
  limit: number,
): Promise<Slice<ReactionRow>> {
  const { rows } = await db.execute<ReactionRow>(sql`
    select c.id as channel_id, c.external_id as channel_external_id, r.message_id, r.emoji
    from reactions r join messages m on m.id = r.message_id join channels c on c.id = m.channel_id
    where r.user_id = ${userId}::uuid and m.workspace_id = ${workspaceId}::uuid
      ${after === null ? sql`` : sql`and r.message_id > ${after}::uuid`}
    order by r.message_id limit ${limit}`);
  return { items: rows, next: rows.length === limit ? rows.at(-1)?.message_id : undefined };
}

/** Complaints keep that there was one, not what was said. Blocks, bans and devices went with the user's row. */
async function forget(db: Db, workspaceId: string, userId: string): Promise<void> {
  const user = sql`${userId}::uuid`;
  const workspace = sql`${workspaceId}::uuid`;
  await db.batch([
    sql`update messages set client_id = null
      where user_id = ${user} and workspace_id = ${workspace} and client_id is not null`,
    sql`update reports set snapshot = '{}', note = null where author_id = ${user} and workspace_id = ${workspace}`,
    sql`update reports set note = null where reporter_id = ${user} and workspace_id = ${workspace}`,
    sql`delete from mutes where user_id = ${user}
      and channel_id in (select id from channels where workspace_id = ${workspace})`,
  ]);
}

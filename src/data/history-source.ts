import { sql } from "drizzle-orm";
import type { HistorySource, NeutralMessage } from "../domain/hub-ports.ts";
import type { Db } from "./db.ts";
import { toMessages } from "./message-json.ts";
import { type PageRow, pageMessages } from "./page-row.ts";

type Reactor = [seq: number, emoji: string, userId: string];

type BlockRow = PageRow & {
  /** Seq → its author's idempotency key. */
  keys: Record<string, string> | null;
  reactors: Reactor[] | null;
};

/** What a workspace's hub copies of channels. */
export function postgresHistorySource(db: Db, workspaceId: string): HistorySource {
  return {
    read: (channelId, from, below) => read(db, workspaceId, channelId, from, below),
    async isBlocking(userId) {
      const { rows } = await db.execute<{ is_blocking: boolean }>(
        sql`select exists (select from blocks where user_id = ${userId}::uuid) as is_blocking`,
      );
      return rows[0]?.is_blocking ?? false;
    },
    async blockers(limit) {
      const { rows } = await db.execute<{ user_id: string }>(
        sql`select distinct user_id from blocks where workspace_id = ${workspaceId}::uuid limit ${limit}`,
      );
      return rows.map((row) => row.user_id);
    },
  };
}

/** One statement, so of one moment: the page as for a workspace key, with what its messages show to single users. */
async function read(
  db: Db,
  workspaceId: string,
  channelId: string,
  from: number,
  below: number,
): ReturnType<HistorySource["read"]> {
  const inRange = sql`(m.channel_id, m.seq) >= (${channelId}::uuid, ${from}::bigint)
    and (m.channel_id, m.seq) < (${channelId}::uuid, ${below}::bigint)`;
  const { rows } = await db.execute<BlockRow>(sql`
    select page.*,
      (select json_object_agg(m.seq, m.client_id) from messages m where ${inRange} and m.client_id is not null) as keys,
      (select json_agg(json_build_array(m.seq, r.emoji, r.user_id))
        from messages m join reactions r on r.message_id = m.id where ${inRange}) as reactors
    from kabar_history_columns(${workspaceId}, ${channelId}, ${channelId}, null, null, null, ${below}, 0, ${below - from}, 0) page`);
  const [row] = rows;
  if (row === undefined) return undefined;
  const { head } = row;
  const channel = { channel_id: head.channel_id, channel_external_id: head.external_id };
  const reactors = bySeq(row.reactors ?? []);
  const messages = toMessages(pageMessages(row), channel, undefined)
    .filter((message) => message.seq >= from)
    .map(
      (message): NeutralMessage => ({
        message,
        clientId: row.keys?.[message.seq] ?? null,
        reactors: reactors.get(message.seq) ?? {},
      }),
    );
  return { messages, lastSeq: head.last_seq };
}

function bySeq(reactors: Reactor[]): Map<number, NeutralMessage["reactors"]> {
  const all = new Map<number, NeutralMessage["reactors"]>();
  for (const [seq, emoji, userId] of reactors) {
    const own = all.get(seq) ?? {};
    all.set(seq, own);
    const users = own[emoji] ?? [];
    own[emoji] = users;
    users.push(userId);
  }
  return all;
}

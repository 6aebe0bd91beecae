import { sql } from "drizzle-orm";
import type { HistorySource } from "../domain/hub-ports.ts";
import type { Message } from "../protocol/message.ts";
import type { Db } from "./db.ts";
import { toMessages } from "./message-json.ts";
import { type MessageColumns, messagesOf } from "./page-row.ts";

/** Emoji → ids of the users who reacted so, by time. */
type Reactors = Map<string, string[]>;

/** A part of a channel as `kabar_history_copy` gives it. */
type CopyRow = MessageColumns & {
  /** Of the channel's newest message. */
  last_seq: number;
  /** The channel's. */
  external_id: string | null;
  /** By time, and by emoji at the same time. Null for none. */
  reactors: [messageId: string, emoji: string, userId: string][] | null;
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

/** One statement, so of one moment. */
async function read(
  db: Db,
  workspaceId: string,
  channelId: string,
  from: number,
  below: number,
): ReturnType<HistorySource["read"]> {
  const { rows } = await db.execute<CopyRow>(
    sql`select * from kabar_history_copy(${workspaceId}, ${channelId}, ${from}, ${below})`,
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const reactors = reactorsByMessage(row.reactors);
  const reactions = new Map([...reactors].map(([messageId, emojis]) => [messageId, reactionsOf(emojis)]));
  const found = messagesOf(row, reactions);
  const messages = toMessages(found, { channel_id: channelId, channel_external_id: row.external_id }, undefined);
  return {
    messages: messages.map((message, index) => ({
      message,
      clientId: found[index]?.client_id ?? null,
      reactors: Object.fromEntries(reactors.get(message.id) ?? []),
    })),
    lastSeq: row.last_seq,
  };
}

function reactorsByMessage(all: CopyRow["reactors"]): Map<string, Reactors> {
  const byMessage = new Map<string, Reactors>();
  for (const [messageId, emoji, userId] of all ?? []) {
    const reactors = byMessage.get(messageId) ?? new Map<string, string[]>();
    byMessage.set(messageId, reactors);
    reactors.set(emoji, [...(reactors.get(emoji) ?? []), userId]);
  }
  return byMessage;
}

/** As nobody's own. */
function reactionsOf(reactors: Reactors): Message["reactions"] {
  return [...reactors].map(([emoji, users]) => ({ emoji, count: users.length, reacted_by_me: false }));
}

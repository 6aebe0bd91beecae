import { sql } from "drizzle-orm";
import type { StoredMessage } from "../domain/hub-ports.ts";
import type { Message } from "../protocol/message.ts";
import { type ChannelRow, type ChannelView, channelCte, placeOf } from "./channel-view.ts";
import type { Db } from "./db.ts";
import { joins, type MessageJson, messageJson, toMessage } from "./message-json.ts";

/** One message of a channel. Undefined where there is no such channel, `message` undefined where no such message. */
export async function readMessage(
  db: Db,
  request: ChannelView & { messageId: string },
): Promise<(ReturnType<typeof placeOf> & { message: Message | undefined }) | undefined> {
  const { rows } = await db.execute<ChannelRow & { message: MessageJson | null }>(sql`
    with ${channelCte(request)}
    select ch.*, (
      select ${messageJson("m", sql`ch.external_id`, request.userId)} from messages m ${joins("m")}
      where m.id = ${request.messageId}::uuid and m.channel_id = ch.channel_id and ch.is_member
    ) as message from ch`);
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    ...placeOf(row),
    message: row.message === null ? undefined : toMessage(row.message, request.userId),
  };
}

/** A message of a channel as it is for everybody, with who reacted how. */
export async function findStoredMessage(
  db: Db,
  workspaceId: string,
  channelId: string,
  messageId: string,
): Promise<StoredMessage | undefined> {
  const { rows } = await db.execute<{ message: MessageJson; by_user: Record<string, string> }>(sql`
    select ${messageJson("m", sql`ch.external_id`, undefined)} as message,
      coalesce((select json_object_agg(user_id, emoji) from reactions where message_id = m.id), '{}') as by_user
    from messages m join channels ch on ch.id = m.channel_id ${joins("m")}
    where m.id = ${messageId}::uuid and m.channel_id = ${channelId}::uuid and m.workspace_id = ${workspaceId}::uuid`);
  const [row] = rows;
  if (row === undefined) return undefined;
  const {
    reactions: _reactions,
    reply_count: _count,
    last_repliers: _repliers,
    ...message
  } = toMessage(row.message, undefined);
  return { message, reactions: row.by_user };
}

import { sql } from "drizzle-orm";
import type { Message } from "../protocol/message.ts";
import { notBlocked } from "./blocks.ts";
import type { Db } from "./db.ts";
import { joins, type MessageJson, messageJson, toMessage } from "./message-json.ts";

/** At most `limit` pinned messages of a channel after a place, last pinned first. */
export async function listPinned(
  db: Db,
  channelId: string,
  viewer: string | undefined,
  limit: number,
  after?: [pinnedAt: string, seq: number],
): Promise<Message[]> {
  const { rows } = await db.execute<{ message: MessageJson }>(sql`
    select ${messageJson("m", sql`c.external_id`, viewer)} as message
    from messages m join channels c on c.id = m.channel_id ${joins("m")}
    where m.channel_id = ${channelId}::uuid and m.pinned_at is not null and ${notBlocked("m", viewer)}
      ${after === undefined ? sql`` : sql`and (m.pinned_at, m.seq) < (${after[0]}::timestamptz, ${after[1]})`}
    order by m.pinned_at desc, m.seq desc limit ${limit}`);
  return rows.map((row) => toMessage(row.message, viewer));
}

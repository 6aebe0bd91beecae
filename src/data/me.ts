import { sql } from "drizzle-orm";
import type { ChannelInfo } from "../domain/hub-contract.ts";
import type { MyChannel, Unread } from "../protocol/channel.ts";
import type { PushMute } from "../protocol/push.ts";
import { notBlocked } from "./blocks.ts";
import type { Db } from "./db.ts";
import { channelInfoJson, wireTime } from "./fragments.ts";
import { joins, type MessageJson, messageJson, toMessage } from "./message-json.ts";
import { pushMuteColumns } from "./push-mutes.ts";

/** A channel of a user's list with its place in the order. */
export interface ListedChannel {
  channel: MyChannel;
  lastActivityAt: string;
}

type ListedRow = {
  info: ChannelInfo;
  member_count: number;
  last_message: MessageJson | null;
  unread_count: number;
  unread_mentions: number;
  last_seq: number;
  last_read_at: string | null;
  last_delivered_at: string | null;
  last_activity_at: string;
  hidden: boolean;
} & PushMute;

/** At most `limit` channels of a user after a place, hidden ones or the others, by latest activity, newest first. One statement. */
export async function listMyChannels(
  db: Db,
  workspaceId: string,
  userId: string,
  hidden: boolean,
  limit: number,
  after?: [lastActivityAt: string, channelId: string],
): Promise<ListedChannel[]> {
  const { rows } = await db.execute<ListedRow>(sql`
    with page as materialized (
      select c.*, mine.last_read_seq, mine.last_read_at, mine.last_delivered_at, mine.push_muted_until
      from members mine join channels c on c.id = mine.channel_id
      where mine.user_id = ${userId}::uuid and c.workspace_id = ${workspaceId}::uuid and c.deleted_at is null
        and coalesce(c.last_seq <= mine.hidden_seq, false) = ${hidden}::boolean
        ${after === undefined ? sql`` : sql`and (c.last_activity_at, c.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`}
      order by c.last_activity_at desc, c.id desc limit ${limit}
    )
    select ${channelInfoJson("c")} as info, c.member_count, c.last_seq::int as last_seq,
      greatest(c.last_seq - c.last_read_seq, 0)::int as unread_count,
      (select count(*)::int from mentions where mentions.user_id = ${userId}::uuid and mentions.channel_id = c.id
        and mentions.seq > c.last_read_seq) as unread_mentions,
      ${wireTime(sql`c.last_read_at`)} as last_read_at, ${wireTime(sql`c.last_delivered_at`)} as last_delivered_at,
      ${wireTime(sql`c.last_activity_at`)} as last_activity_at,
      ${pushMuteColumns(sql`c.push_muted_until`)}, ${hidden}::boolean as hidden,
      case when m.id is null then null else ${messageJson("m", sql`c.external_id`, userId)} end as last_message
    from page c
    left join lateral (
      select * from messages x where x.channel_id = c.id and ${notBlocked("x", userId)} order by x.seq desc limit 1
    ) m on true ${joins("m")}
    order by c.last_activity_at desc, c.id desc`);
  return rows.map((row) => ({ channel: toMyChannel(row, userId), lastActivityAt: row.last_activity_at }));
}

/** How many unread messages each channel of a user has, most recently active first; channels without any are left out. */
export async function countUnread(db: Db, workspaceId: string, userId: string): Promise<Unread["channels"]> {
  const { rows } = await db.execute<Unread["channels"][number]>(sql`
    select c.id as channel_id, (c.last_seq - mine.last_read_seq)::int as unread_count,
      (select count(*)::int from mentions where mentions.user_id = mine.user_id and mentions.channel_id = c.id
        and mentions.seq > mine.last_read_seq) as unread_mentions
    from members mine join channels c on c.id = mine.channel_id
    where mine.user_id = ${userId}::uuid and c.workspace_id = ${workspaceId}::uuid and c.deleted_at is null
      and c.last_seq > mine.last_read_seq
    order by c.last_activity_at desc, c.id desc`);
  return rows;
}

function toMyChannel(row: ListedRow, userId: string): MyChannel {
  return {
    ...row.info,
    member_count: row.member_count,
    last_message: row.last_message === null ? null : toMessage(row.last_message, userId),
    unread_count: row.unread_count,
    unread_mentions: row.unread_mentions,
    last_read_at: row.last_read_at,
    last_delivered_at: row.last_delivered_at,
    last_seq: row.last_seq,
    muted: row.muted,
    muted_until: row.muted_until,
    hidden: row.hidden,
  };
}

import { type SQL, sql } from "drizzle-orm";
import { byRef } from "./fragments.ts";

/** A channel as somebody sees it. */
export interface ChannelView {
  workspaceId: string;
  /** Internal or external id of the channel. */
  channel: string;
  /** Whose view it is; undefined for a workspace key, which sees all channels. */
  userId: string | undefined;
}

export type ChannelRow = {
  channel_id: string;
  external_id: string | null;
  is_member: boolean;
  changed_epoch: string | null;
  changed_seq: number;
  last_seq: number;
};

/** CTE `ch`: the channel as `ChannelRow`; no row where there is none. */
export function channelCte({ workspaceId, channel, userId }: ChannelView): SQL {
  const { matches, internalFirst } = byRef("c", channel);
  const isMember =
    userId === undefined
      ? sql`true`
      : sql`exists (select from members where channel_id = c.id and user_id = ${userId}::uuid)`;
  return sql`ch as materialized (
    select c.id as channel_id, c.external_id, c.changed_epoch, c.changed_seq::float8 as changed_seq,
      c.last_seq::float8 as last_seq, ${isMember} as is_member
    from channels c where c.workspace_id = ${workspaceId}::uuid and ${matches} and c.deleted_at is null order by ${internalFirst} limit 1)`;
}

/** Whether the viewer is a member, and the place in the journal of the channel's newest event that the read could see. */
export function placeOf(row: ChannelRow): { isMember: boolean; changed: { epoch: string | null; seq: number } } {
  return { isMember: row.is_member, changed: { epoch: row.changed_epoch, seq: row.changed_seq } };
}

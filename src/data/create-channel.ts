import { type SQL, sql } from "drizzle-orm";
import type { ChannelInfo } from "../domain/hub-contract.ts";
import type { Channel, ChannelType } from "../protocol/channel.ts";
import { type ChannelWrite, changeColumns } from "./channel-change.ts";
import { firstWrite } from "./channels.ts";
import type { Db } from "./db.ts";
import { channelInfoJson, namedUsers } from "./fragments.ts";

export interface NewChannel {
  /** Its id if it is new. */
  freshId: string;
  type: ChannelType;
  externalId: string | null;
  name: string | null;
  avatarUrl: string | null;
  /** Internal or external ids of all members, the creator included. */
  memberRefs: string[];
  /** Place of the creator in `memberRefs`. */
  creator: number | undefined;
}

/** A channel that was there before, and whether the wanted people are in it. */
export interface ExistingChannel {
  channel: Channel;
  version: number;
  /** True where it is the direct channel of the wanted pair. */
  samePair: boolean;
  /** True where all wanted people are members. */
  holdsMembers: boolean;
}

export interface CreateOutcome {
  /** Places in `memberRefs` of ids that belong to nobody. Then nothing was created. */
  missing: number[];
  /** How many different people the ids name. A direct channel is created only for two. */
  people: number;
  created?: ChannelWrite;
  existing?: ExistingChannel;
}

type FactsRow = { missing: number[]; people: number };
type ExistingRow = {
  info: ChannelInfo;
  version: number;
  member_count: number;
  same_pair: boolean;
  holds_members: boolean;
};

/**
 * Creates a channel with all its members at version 1, unless one with the same external id or of the same pair exists: then
 * that one is returned. One round trip, one transaction.
 */
export async function createChannel(db: Db, workspaceId: string, wanted: NewChannel): Promise<CreateOutcome> {
  const people = sql`${namedUsers(workspaceId, wanted.memberRefs)},
    people as (
      select id, bool_or(ord = ${wanted.creator ?? -1}::int) as is_creator from named where id is not null group by id
    ),
    facts as (
      select count(*)::int as people, string_agg(id::text, ':' order by id) as pair,
        coalesce((select jsonb_agg(ord order by ord) from missing), '[]') as missing
      from people
    )`;
  const results = await db.batch([
    insertion(workspaceId, wanted, people),
    sql`with ${people} select people, missing from facts`,
    sql`with ${people}
      select ${channelInfoJson("c")} as info, c.version::int as version, c.member_count,
        coalesce(c.direct_key = facts.pair and ${wanted.type} = 'direct', false) as same_pair,
        not exists (
          select from people p where not exists (select from members m where m.channel_id = c.id and m.user_id = p.id)
        ) as holds_members
      from channels c, facts
      where c.workspace_id = ${workspaceId}::uuid and c.deleted_at is null
        and (c.external_id = ${wanted.externalId}::text or (${wanted.type} = 'direct' and c.direct_key = facts.pair))
      order by same_pair desc limit 1`,
  ]);
  // The batch's type knows nothing of each statement's columns.
  const facts = results[1]?.rows[0] as FactsRow;
  const existing = results[2]?.rows[0] as ExistingRow | undefined;
  const created = firstWrite(results[0]?.rows);
  if (created !== undefined) return { ...facts, created };
  if (existing === undefined) return facts;
  return {
    ...facts,
    existing: {
      channel: { ...existing.info, member_count: existing.member_count },
      version: existing.version,
      samePair: existing.same_pair,
      holdsMembers: existing.holds_members,
    },
  };
}

function insertion(workspaceId: string, wanted: NewChannel, people: SQL): SQL {
  const isDirect = wanted.type === "direct";
  return sql`
    with ${people},
    made as (
      insert into channels (id, workspace_id, external_id, type, direct_key, name, avatar_url, created_by, member_count)
      select ${wanted.freshId}::uuid, ${workspaceId}::uuid, ${wanted.externalId}::text, ${wanted.type},
        ${isDirect ? sql`facts.pair` : sql`null`}, ${wanted.name}::text, ${wanted.avatarUrl}::text,
        (select id from people where is_creator), facts.people
      from facts
      where facts.missing = '[]' ${isDirect ? sql`and facts.people = 2` : sql``}
      on conflict do nothing
      returning *
    ),
    joined as (
      insert into members (channel_id, user_id, role)
      select made.id, people.id,
        ${isDirect ? sql`null` : sql`case when people.is_creator then 'admin' else 'member' end`}
      from made, people
      returning *
    )
    select ${changeColumns("made", { changed: sql`true`, joined: "joined" })} from made`;
}

import { type SQL, sql } from "drizzle-orm";
import type { Role } from "../protocol/member.ts";

/** The membership under which an action was allowed; undefined for a workspace key, which needs none. */
export type RightsSeen = { userId: string; role: Role | null } | undefined;

/**
 * True in SQL while that membership still stands. The rule itself is `domain/access.ts`; this makes a change conditional on what
 * the rule was asked about, so that nobody acts with rights that were taken away in between.
 */
export function rightsHold(channelAlias: string, rights: RightsSeen): SQL {
  if (rights === undefined) return sql`true`;
  return sql`exists (select from members r where r.channel_id = ${sql.raw(channelAlias)}.id
    and r.user_id = ${rights.userId}::uuid and r.role is not distinct from ${rights.role}::text)`;
}

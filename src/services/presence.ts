import { visibleUsers } from "../data/presence.ts";
import { invalid } from "../domain/api-error.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Presence } from "../protocol/presence.ts";
import { type ServiceContext, userIdOf } from "./context.ts";

/**
 * How the users of a comma-separated list are. A user sees itself and whom it shares a channel with; others are left out,
 * like those who do not exist.
 */
export async function get(context: ServiceContext, list: string): Promise<{ users: Presence[] }> {
  const refs = [...new Set(list.split(",").filter((ref) => ref !== ""))];
  if (refs.length === 0) throw invalid("user_ids", "must name a user");
  if (refs.length > LIMITS.presenceAsked) throw invalid("user_ids", `must be at most ${LIMITS.presenceAsked} ids`);
  const { db, hub, caller } = context;
  const users = await visibleUsers(db, caller.workspaceId, userIdOf(caller), refs);
  const found = await hub.presenceOf(users.map((user) => user.id));
  const externalIds = new Map(users.map((user) => [user.id, user.external_id]));
  return { users: found.map((one) => ({ ...one, external_id: externalIds.get(one.user_id) ?? null })) };
}

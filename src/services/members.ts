import { findChannel } from "../data/channels.ts";
import { addMembers, listMembers, type MembersTarget, removeMembers, setRole } from "../data/members.ts";
import type { RightsSeen } from "../data/rights.ts";
import { findUser } from "../data/users.ts";
import { requireGroup, standingOf } from "../domain/access.ts";
import { ApiError, notFound } from "../domain/api-error.ts";
import { memberCursor } from "../domain/page-cursor.ts";
import type { Member, Role } from "../protocol/member.ts";
import { changeChannel, requireChannel, unknownUsers } from "./channels.ts";
import { publish, type ServiceContext, userIdOf } from "./context.ts";
import { requireSettled } from "./settled.ts";

const pathOf = (place: number): string => `user_ids.${place}`;

/** Members in order of joining. Contains every receipt that was acknowledged before the call. */
export async function list(context: ServiceContext, ref: string, limit: number, cursor: string | undefined) {
  const after = cursor === undefined ? undefined : memberCursor.decode(cursor, "cursor");
  const [{ channel }] = await Promise.all([
    requireChannel(context, ref, "channel.read"),
    // A receipt that was acknowledged is in the list.
    requireSettled(context, { channel: ref }),
  ]);
  const found = await listMembers(context.db, channel.id, userIdOf(context.caller), limit + 1, after);
  const members = found.slice(0, limit);
  const last = members.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  return {
    members,
    has_more: hasMore,
    next_cursor: hasMore ? memberCursor.encode([last.joined_at, last.user.id]) : null,
  };
}

/** Adds users to a group; returns the memberships of all that were named. */
export async function add(context: ServiceContext, ref: string, userRefs: string[]): Promise<Member[]> {
  const { members } = await changeChannel(context, ref, "members.add", async (found, rights) => {
    requireGroup(found, "user_ids");
    const added = await addMembers(context.db, target(context, found.channel.id, rights), userRefs);
    if (added.missing.length > 0) throw unknownUsers(added.missing, pathOf);
    if (added.banned.length > 0) throw bannedUsers(added.banned);
    return added.write === undefined ? undefined : { ...added.write, members: added.members };
  });
  return members;
}

/** Removes users from a group, or lets the caller leave it. Who is no member is a no-op. */
export async function remove(context: ServiceContext, ref: string, userRefs: string[]): Promise<void> {
  if (await isCallerAlone(context, userRefs)) return leave(context, ref);
  await changeChannel(context, ref, "members.remove", (found, rights) => {
    requireGroup(found, "user_ids");
    return removeFrom(context, found.channel.id, rights, userRefs);
  });
}

/** Removes one user, named by the path. */
export async function removeOne(context: ServiceContext, ref: string, userRef: string): Promise<void> {
  await requireUser(context, userRef);
  await remove(context, ref, [userRef]);
}

/** Gives a member of a group a role. @throws CONFLICT for the last admin */
export async function changeRole(context: ServiceContext, ref: string, userRef: string, role: Role): Promise<Member> {
  const write = await changeChannel(context, ref, "members.set_role", async (found, rights) => {
    requireGroup(found, "role");
    const userId = await requireUser(context, userRef);
    const outcome = await setRole(context.db, target(context, found.channel.id, rights), userId, role);
    if (outcome.write === undefined) return undefined;
    if (outcome.member === undefined) throw notFound("member");
    if (outcome.member.role !== role)
      throw new ApiError("CONFLICT", "a group keeps at least one admin: name another first");
    return { ...outcome.write, member: outcome.member };
  });
  return write.member;
}

function bannedUsers(places: number[]): ApiError {
  const details = places.map((place) => ({ path: pathOf(place), message: "is banned from this channel" }));
  const paths = details.map(({ path }) => path).join(", ");
  return new ApiError("CONFLICT", `unable to add ${paths}; because they are banned from this channel`, { details });
}

async function leave(context: ServiceContext, ref: string): Promise<void> {
  const { workspaceId } = context.caller;
  const userId = userIdOf(context.caller);
  const found = await findChannel(context.db, workspaceId, ref, { userId });
  if (found === undefined) throw notFound("channel");
  // A repeat of a call that had left the channel and then could not tell the hub.
  if (userId === undefined || standingOf(context.caller, found) === "stranger") return publish(context, found);
  await changeChannel(context, ref, "members.leave", (current, rights) => {
    requireGroup(current, "user_ids");
    return removeFrom(context, current.channel.id, rights, [userId]);
  });
}

async function removeFrom(context: ServiceContext, channelId: string, rights: RightsSeen, userRefs: string[]) {
  const removed = await removeMembers(context.db, target(context, channelId, rights), userRefs);
  if (removed.missing.length > 0) throw unknownUsers(removed.missing, pathOf);
  return removed.write;
}

/** True where the one named user is the caller, under whichever id. */
async function isCallerAlone(context: ServiceContext, userRefs: string[]): Promise<boolean> {
  const userId = userIdOf(context.caller);
  const [only, ...others] = userRefs;
  if (userId === undefined || only === undefined || others.length > 0) return false;
  return only === userId || (await findUser(context.db, context.caller.workspaceId, only))?.user.id === userId;
}

async function requireUser(context: ServiceContext, ref: string): Promise<string> {
  const stored = await findUser(context.db, context.caller.workspaceId, ref);
  if (stored === undefined) throw notFound("user");
  return stored.user.id;
}

function target(context: ServiceContext, channelId: string, rights: RightsSeen): MembersTarget {
  return { workspaceId: context.caller.workspaceId, channelId, rights };
}

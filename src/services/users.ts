import { v7 as uuidv7 } from "uuid";
import { deleteUser } from "../data/delete-user.ts";
import { findUser, listUsers, profileOf, type StoredUser, upsertUser } from "../data/users.ts";
import type { WorkspaceCaller } from "../domain/access.ts";
import { notFound } from "../domain/api-error.ts";
import { userCursor } from "../domain/page-cursor.ts";
import type { Token } from "../protocol/token.ts";
import type { UpsertUserBody, User } from "../protocol/user.ts";
import { publish, type ServiceContext } from "./context.ts";

type Context = ServiceContext<WorkspaceCaller>;

/** Hours after its creation in which a repeated call announces a user to webhooks again; the hub tells them only once. */
const ANNOUNCE_HOURS = 24;

/** Creates or updates a user by its external id. `isNew` tells which. */
export async function upsert(context: Context, body: UpsertUserBody): Promise<{ user: User; isNew: boolean }> {
  const stored = await upsertUser(context.db, context.caller.workspaceId, uuidv7(), body);
  // Also where nothing changed: the call before may have failed between Postgres and the hub. No hub knows a new user.
  await Promise.all([
    stored.outcome === "created" ? undefined : context.hub.applyUser(profileOf(stored)),
    isYoung(stored.user) ? context.hub.announceUser(stored.user) : undefined,
  ]);
  return { user: stored.user, isNew: stored.outcome === "created" };
}

export async function get(context: Context, ref: string): Promise<User> {
  return (await require(context, ref)).user;
}

export async function list(context: Context, limit: number, cursor: string | undefined) {
  const after = cursor === undefined ? undefined : userCursor.decode(cursor, "cursor")[0];
  const found = await listUsers(context.db, context.caller.workspaceId, limit + 1, after);
  const users = found.slice(0, limit);
  const last = users.at(-1);
  const hasMore = found.length > limit;
  return { users, has_more: hasMore, next_cursor: hasMore && last !== undefined ? userCursor.encode([last.id]) : null };
}

/**
 * Removes a user and its memberships for good and closes its sockets. A repeat finds nobody (404). Where the hub could not be told, the
 * channels catch up by themselves within a minute, and the user's tokens open nothing any more.
 */
export async function remove(context: Context, ref: string): Promise<void> {
  const { user } = await require(context, ref);
  const writes = await deleteUser(context.db, context.caller.workspaceId, user.id);
  const told = await Promise.allSettled([
    context.hub.removeUser(user.id),
    ...writes.map((write) => publish(context, write)),
  ]);
  const failed = told.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Signs a token for a user, by default for as long as the deployment says. */
export async function issueToken(context: Context, ref: string, ttlSeconds?: number): Promise<Token> {
  const { user } = await require(context, ref);
  return context.tokens.sign(context.caller.workspaceId, user.id, ttlSeconds);
}

function isYoung(user: User): boolean {
  return Date.now() - Date.parse(user.created_at) < ANNOUNCE_HOURS * 3_600_000;
}

async function require(context: Context, ref: string): Promise<StoredUser> {
  const stored = await findUser(context.db, context.caller.workspaceId, ref);
  if (stored === undefined) throw notFound("user");
  return stored;
}

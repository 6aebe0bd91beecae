import { v7 as uuidv7 } from "uuid";
import type { ChannelWrite } from "../data/channel-change.ts";
import { deleteChannel, type FoundChannel, findChannel, updateChannel } from "../data/channels.ts";
import { type CreateOutcome, createChannel, type ExistingChannel } from "../data/create-channel.ts";
import type { RightsSeen } from "../data/rights.ts";
import { type ChannelAction, requireAllowed, type WorkspaceCaller } from "../domain/access.ts";
import { ApiError, invalid, notFound } from "../domain/api-error.ts";
import type { Channel, CreateChannelBody, UpdateChannelBody } from "../protocol/channel.ts";
import { publish, type ServiceContext, userIdOf } from "./context.ts";

/** How often a change is tried whose conditions were overtaken by another change. */
const ATTEMPTS = 3;

/** Creates a channel, or returns the one that the body describes. `isNew` tells which. */
export async function create(
  context: ServiceContext<WorkspaceCaller>,
  body: CreateChannelBody,
): Promise<{ channel: Channel; isNew: boolean }> {
  checkShape(body);
  const outcome = await insertOrFind(context, body);
  if (outcome.missing.length > 0) throw unknownUsers(outcome.missing, createPaths(body));
  if (body.type === "direct" && outcome.people !== 2) {
    throw invalid("member_external_ids", "must name exactly two different users");
  }
  const { created, existing } = outcome;
  if (created !== undefined) {
    await publish(context, created);
    return { channel: created.channel, isNew: true };
  }
  if (existing === undefined) throw new ApiError("CONFLICT", "the channel is being changed; try again");
  if (!describes(body, existing)) throw new ApiError("CONFLICT", "another channel has this external_id");
  await publish(context, existing);
  return { channel: existing.channel, isNew: false };
}

export async function get(context: ServiceContext, ref: string): Promise<Channel> {
  return (await requireChannel(context, ref, "channel.read")).channel;
}

/** Changes name and picture. */
export async function update(context: ServiceContext, ref: string, body: UpdateChannelBody): Promise<Channel> {
  const write = await changeChannel(context, ref, "channel.update", (found, rights) => {
    if (found.type === "direct" && body.avatar_url) throw invalid("avatar_url", "belongs to groups only");
    return updateChannel(context.db, context.caller.workspaceId, found.channel.id, body, rights);
  });
  return write.channel;
}

/** Soft delete. A repeat with the internal id, or with an external id that nobody took since, is a no-op. */
export async function remove(context: ServiceContext<WorkspaceCaller>, ref: string): Promise<void> {
  const { workspaceId } = context.caller;
  const found = await findChannel(context.db, workspaceId, ref, { withDeleted: true });
  if (found === undefined) throw notFound("channel");
  const write = await deleteChannel(context.db, workspaceId, found.channel.id);
  await publish(context, write ?? found);
}

/** The channel of a path, where the caller may do this to it. @throws NOT_FOUND, NOT_A_MEMBER, FORBIDDEN */
export async function requireChannel(
  context: ServiceContext,
  ref: string,
  action: ChannelAction,
): Promise<FoundChannel> {
  const { workspaceId } = context.caller;
  const found = await findChannel(context.db, workspaceId, ref, { userId: userIdOf(context.caller) });
  if (found === undefined) throw notFound("channel");
  requireAllowed(context.caller, action, found);
  return found;
}

/**
 * Finds a channel, checks that the caller may do this, changes it on the condition that this still holds, and tells the hub.
 * `attempt` returns undefined where the condition failed: then everything is asked again.
 */
export async function changeChannel<Write extends ChannelWrite>(
  context: ServiceContext,
  ref: string,
  action: ChannelAction,
  attempt: (found: FoundChannel, rights: RightsSeen) => Promise<Write | undefined>,
): Promise<Write> {
  const userId = userIdOf(context.caller);
  for (let tries = 0; tries < ATTEMPTS; tries++) {
    const found = await requireChannel(context, ref, action);
    const write = await attempt(found, userId === undefined ? undefined : { userId, role: found.role });
    if (write === undefined) continue;
    await publish(context, write);
    return write;
  }
  throw new ApiError("CONFLICT", "the channel is being changed; try again");
}

/** Complains about ids that belong to nobody. `pathOf` names the field of each place. */
export function unknownUsers(missing: number[], pathOf: (place: number) => string): ApiError {
  const details = missing.map((place) => ({ path: pathOf(place), message: "is not a user of this workspace" }));
  return new ApiError("VALIDATION_ERROR", `unknown users: ${details.map((detail) => detail.path).join(", ")}`, {
    details,
  });
}

function checkShape(body: CreateChannelBody): void {
  if (body.type === "group" && body.external_id === undefined) throw invalid("external_id", "is required for a group");
  if (body.type === "direct" && body.avatar_url) throw invalid("avatar_url", "belongs to groups only");
}

async function insertOrFind(context: ServiceContext<WorkspaceCaller>, body: CreateChannelBody): Promise<CreateOutcome> {
  const memberRefs = [...body.member_external_ids, ...(body.created_by === undefined ? [] : [body.created_by])];
  return createChannel(context.db, context.caller.workspaceId, {
    freshId: uuidv7(),
    type: body.type,
    externalId: body.external_id ?? null,
    name: body.name ?? null,
    avatarUrl: body.avatar_url ?? null,
    memberRefs,
    creator: body.created_by === undefined ? undefined : body.member_external_ids.length,
  });
}

function createPaths(body: CreateChannelBody): (place: number) => string {
  return (place) => (place < body.member_external_ids.length ? `member_external_ids.${place}` : "created_by");
}

/** True where a channel that exists is the one that the body asks for. */
function describes(body: CreateChannelBody, { channel, samePair, holdsMembers }: ExistingChannel): boolean {
  if (body.type === "direct") return samePair;
  return (
    channel.type === body.type &&
    (body.name === undefined || body.name === channel.name) &&
    (body.avatar_url === undefined || body.avatar_url === channel.avatar_url) &&
    holdsMembers
  );
}

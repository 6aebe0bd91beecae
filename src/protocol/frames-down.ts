import * as z from "zod";
import { channelSchema } from "./channel.ts";
import { errorCodeSchema, errorDetailSchema } from "./errors.ts";
import { memberSchema } from "./member.ts";
import { changedMessageSchema, emojiSchema, messageSchema } from "./message.ts";
import { presenceStateData, presenceUpdateData } from "./presence.ts";
import { cursorSchema, externalIdSchema, timeSchema, uuidSchema } from "./primitives.ts";
import { moderationActionSchema, moderationRuleSchema } from "./workspace.ts";

const id = z.string();
const channelIds = { channel_id: uuidSchema, channel_external_id: externalIdSchema.nullable() };
const durable = { cursor: cursorSchema };

/** At once and not on demand: of these the Worker has only the types; who reads frames reads all kinds. */
function frame<Type extends string, Data extends z.ZodRawShape>(type: Type, data: Data) {
  return z.object({ type: z.literal(type), id: id.optional(), data: z.object(data) });
}

/** Answers to the connection itself. */
export const readyFrameSchema = frame("connection.ready", {
  connection_id: uuidSchema,
  user_id: uuidSchema,
  workspace_id: uuidSchema,
  cursor: cursorSchema,
  server_time: timeSchema,
  heartbeat_seconds: z.number().int(),
});
export const pongFrameSchema = z.object({ type: z.literal("pong"), id: id.optional() });
export const ackFrameSchema = frame("message.ack", { id: id.optional(), message: messageSchema() });
export const okFrameSchema = frame("ok", { id: id.optional() });
export const errorFrameSchema = frame("error", {
  id: id.optional(),
  code: errorCodeSchema,
  message: z.string(),
  details: z.array(errorDetailSchema()).optional(),
  /** Seconds. */
  retry_after: z.number().optional(),
});
export const resumedFrameSchema = frame("resumed", { cursor: cursorSchema, count: z.number().int() });
export const resyncReasonSchema = z.enum(["epoch_changed", "cursor_ahead", "journal_trimmed", "too_many_events"]);
export type ResyncReason = z.infer<typeof resyncReasonSchema>;
export const resyncFrameSchema = frame("resync", { reason: resyncReasonSchema, cursor: cursorSchema });

/** Durable events: rows of the journal, each with the cursor after which a resume continues. */
export const messageCreatedFrameSchema = frame("message.created", { ...durable, message: messageSchema() });
export const messageUpdatedFrameSchema = frame("message.updated", {
  ...durable,
  message: changedMessageSchema(),
  /** Users whom the message mentions since this change and did not before. */
  newly_mentioned: z.array(uuidSchema).optional(),
});
/** `message` is the tombstone. */
export const messageDeletedFrameSchema = frame("message.deleted", {
  ...durable,
  ...channelIds,
  message_id: uuidSchema,
  message: changedMessageSchema(),
});
const reaction = { ...durable, ...channelIds, message_id: uuidSchema, user_id: uuidSchema, emoji: emojiSchema };
export const reactionAddedFrameSchema = frame("message.reaction.added", {
  ...reaction,
  /** The reaction of the same user that this one replaces. */
  replaces: emojiSchema.optional(),
});
export const reactionRemovedFrameSchema = frame("message.reaction.removed", reaction);
const pin = {
  ...durable,
  ...channelIds,
  message_id: uuidSchema,
  user_id: uuidSchema.nullable(),
  message: changedMessageSchema(),
};
export const messagePinnedFrameSchema = frame("message.pinned", pin);
export const messageUnpinnedFrameSchema = frame("message.unpinned", pin);
/** Follows a `message.created` or `message.updated`, with its cursor, for those whom it mentions. */
export const messageMentionedFrameSchema = frame("message.mentioned", {
  ...durable,
  ...channelIds,
  message_id: uuidSchema,
  by_user_id: uuidSchema.nullable(),
});
const receipt = {
  ...durable,
  ...channelIds,
  user_id: uuidSchema,
  message_id: uuidSchema,
  seq: z.number().int(),
  at: timeSchema,
};
export const messageReadFrameSchema = frame("message.read", receipt);
export const messageDeliveredFrameSchema = frame("message.delivered", receipt);
export const channelCreatedFrameSchema = frame("channel.created", { ...durable, channel: channelSchema() });
export const channelUpdatedFrameSchema = frame("channel.updated", { ...durable, channel: channelSchema() });
export const channelDeletedFrameSchema = frame("channel.deleted", { ...durable, ...channelIds });
export const memberJoinedFrameSchema = frame("member.joined", {
  ...durable,
  channel: channelSchema(),
  members: z.array(memberSchema()),
  /** Seq of the channel's newest message at that moment: what the newcomers have not missed. */
  last_seq: z.number().int(),
});
export const memberLeftFrameSchema = frame("member.left", { ...durable, ...channelIds, user_ids: z.array(uuidSchema) });
export const memberUpdatedFrameSchema = frame("member.updated", { ...durable, ...channelIds, member: memberSchema() });

/** For the channel's admins: a rule acted on a message. Without `message_id` it was refused, and nothing of it is kept. */
export const messageModeratedFrameSchema = frame("message.moderated", {
  ...durable,
  ...channelIds,
  message_id: uuidSchema.nullable(),
  user_id: uuidSchema,
  /** The rule whose action was taken, and all rules that the message broke. */
  rule: moderationRuleSchema,
  action: moderationActionSchema,
  rules: z.array(moderationRuleSchema),
});
/** For the member itself and the channel's admins. */
export const memberMutedFrameSchema = frame("member.muted", {
  ...durable,
  ...channelIds,
  user_id: uuidSchema,
  /** Null for a mute without end. */
  until: timeSchema.nullable(),
  /** Null for the workspace's server and for automatic mutes. */
  by_user_id: uuidSchema.nullable(),
  /** The rule of an automatic mute. */
  rule: moderationRuleSchema.nullable(),
});
export const memberUnmutedFrameSchema = frame("member.unmuted", {
  ...durable,
  ...channelIds,
  user_id: uuidSchema,
  by_user_id: uuidSchema.nullable(),
});

/** Signals: never stored, may be dropped. */
const typing = { ...channelIds, user_id: uuidSchema };
export const typingStartFrameSchema = frame("typing.start", typing);
export const typingStopFrameSchema = frame("typing.stop", typing);
export const presenceUpdateFrameSchema = frame("presence.update", presenceUpdateData);
/** Answers `presence.query` and `presence.watch`. */
export const presenceStateFrameSchema = frame("presence.state", presenceStateData());
/**
 * More text of a message that is being streamed: from `offset` (UTF-16 code units) on it is `delta` and nothing behind
 * it. After a connect or a resume one with offset 0 brings what is there; `message.updated` brings the whole at the end.
 */
export const messageDeltaFrameSchema = frame("message.delta", {
  ...channelIds,
  message_id: uuidSchema,
  offset: z.number().int().min(0),
  delta: z.string(),
});

/** Every frame on its own. */
const singleFrameSchema = z.discriminatedUnion("type", [
  readyFrameSchema,
  pongFrameSchema,
  ackFrameSchema,
  okFrameSchema,
  errorFrameSchema,
  resumedFrameSchema,
  resyncFrameSchema,
  messageCreatedFrameSchema,
  messageUpdatedFrameSchema,
  messageDeletedFrameSchema,
  reactionAddedFrameSchema,
  reactionRemovedFrameSchema,
  messagePinnedFrameSchema,
  messageUnpinnedFrameSchema,
  messageMentionedFrameSchema,
  messageReadFrameSchema,
  messageDeliveredFrameSchema,
  channelCreatedFrameSchema,
  channelUpdatedFrameSchema,
  channelDeletedFrameSchema,
  memberJoinedFrameSchema,
  memberLeftFrameSchema,
  memberUpdatedFrameSchema,
  messageModeratedFrameSchema,
  memberMutedFrameSchema,
  memberUnmutedFrameSchema,
  typingStartFrameSchema,
  typingStopFrameSchema,
  presenceUpdateFrameSchema,
  presenceStateFrameSchema,
  messageDeltaFrameSchema,
]);
/** Several frames in one, in their order; only for clients that opened `/v1/ws?batch=1`. */
export const batchFrameSchema = frame("batch", { events: z.array(singleFrameSchema) });

/** Everything that the server may send. Clients ignore types that they do not know. */
export const frameDownSchema = z.discriminatedUnion("type", [singleFrameSchema, batchFrameSchema]);
export type FrameDown = z.infer<typeof frameDownSchema>;
/** Types of the durable events, as stored in the journal. */
export const DURABLE_TYPES = [
  "message.created",
  "message.updated",
  "message.deleted",
  "message.reaction.added",
  "message.reaction.removed",
  "message.pinned",
  "message.unpinned",
  "message.read",
  "message.delivered",
  "channel.created",
  "channel.updated",
  "channel.deleted",
  "member.joined",
  "member.left",
  "member.updated",
  "message.moderated",
  "member.muted",
  "member.unmuted",
] as const;
export type DurableType = (typeof DURABLE_TYPES)[number];
type DataOf<Type extends FrameDown["type"]> =
  Extract<FrameDown, { type: Type }> extends { data: infer Data } ? Data : never;
/** The data of a durable event before it has its cursor. */
export type DurableData<Type extends DurableType> = Omit<DataOf<Type>, "cursor">;

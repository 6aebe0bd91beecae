import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { editMessageBodySchema, emojiSchema, sendMessageBodySchema } from "./message.ts";
import { onDemand } from "./on-demand.ts";
import { presenceSetDataSchema, presenceWatchDataSchema } from "./presence.ts";
import { cursorSchema, refSchema, storableText, uuidSchema } from "./primitives.ts";
import { focusDataSchema } from "./push.ts";
import { streamAppendBodySchema, streamFinishBodySchema, streamIds } from "./stream.ts";

/** The exact text that the run-time answers by itself, without waking the hub. */
export const PING_TEXT = '{"type":"ping"}';
export const PONG_TEXT = '{"type":"pong"}';

/** Correlates a request with its `message.ack`, `ok` or `error`. */
export const frameIdSchema = storableText(1, LIMITS.requestIdChars);

const envelope = { id: frameIdSchema.optional(), v: z.number().optional() };

export const pingFrameSchema = onDemand(() =>
  z.object({ ...envelope, type: z.literal("ping"), data: z.unknown().optional() }),
);

export const sendFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.literal("message.send"),
    data: sendMessageBodySchema().omit({ user_id: true }).extend({ channel_id: refSchema }),
  }),
);

const messageIds = { channel_id: refSchema, message_id: uuidSchema };

export const editFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.literal("message.edit"),
    data: editMessageBodySchema().extend(messageIds),
  }),
);

export const unsendFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.literal("message.delete"),
    data: z.object(messageIds),
  }),
);

export const reactionFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.enum(["reaction.add", "reaction.remove"]),
    data: z.object({ ...messageIds, emoji: emojiSchema }),
  }),
);

export const receiptFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.enum(["message.read", "message.delivered"]),
    data: z.object({ channel_id: refSchema, message_id: uuidSchema.optional() }),
  }),
);

export const typingFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.enum(["typing.start", "typing.stop"]),
    data: z.object({ channel_id: refSchema }),
  }),
);

export const presenceSetFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.literal("presence.set"),
    data: presenceSetDataSchema(),
  }),
);

/** Who is there? Once after each connect or resync, and after joining a channel; at most once a second. */
export const presenceQueryFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.literal("presence.query"),
    data: z.unknown().optional(),
  }),
);

export const presenceWatchFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.literal("presence.watch"),
    data: presenceWatchDataSchema(),
  }),
);

/** Which channel the client shows right now: it needs no push of it. */
export const focusFrameSchema = onDemand(() =>
  z.object({ ...envelope, type: z.literal("channel.focus"), data: focusDataSchema() }),
);

export const streamAppendFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.literal("message.stream.append"),
    data: streamAppendBodySchema().extend(streamIds),
  }),
);

export const streamFinishFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.literal("message.stream.finish"),
    data: streamFinishBodySchema().extend(streamIds),
  }),
);

export const streamAbortFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.literal("message.stream.abort"),
    data: z.object(streamIds),
  }),
);

export const resumeFrameSchema = onDemand(() =>
  z.object({
    ...envelope,
    type: z.literal("resume"),
    data: z.object({ cursor: cursorSchema }),
  }),
);

/** Everything that a client may send. */
export const frameUpSchema = onDemand(() =>
  z.discriminatedUnion("type", [
    pingFrameSchema(),
    sendFrameSchema(),
    editFrameSchema(),
    unsendFrameSchema(),
    reactionFrameSchema(),
    receiptFrameSchema(),
    typingFrameSchema(),
    presenceSetFrameSchema(),
    presenceQueryFrameSchema(),
    presenceWatchFrameSchema(),
    focusFrameSchema(),
    streamAppendFrameSchema(),
    streamFinishFrameSchema(),
    streamAbortFrameSchema(),
    resumeFrameSchema(),
  ]),
);
export type FrameUp = z.infer<ReturnType<typeof frameUpSchema>>;
export type SendFrame = z.infer<ReturnType<typeof sendFrameSchema>>;
export type ReceiptFrame = z.infer<ReturnType<typeof receiptFrameSchema>>;
export type TypingFrame = z.infer<ReturnType<typeof typingFrameSchema>>;
export type ResumeFrame = z.infer<ReturnType<typeof resumeFrameSchema>>;

import * as z from "zod";
import { attachmentSchema } from "./attachment.ts";
import { LIMITS } from "./limits.ts";
import { onDemand } from "./on-demand.ts";
import {
  cursorSchema,
  externalIdSchema,
  freeJson,
  isStorableText,
  limitSchema,
  refSchema,
  storableText,
  timeSchema,
  uuidSchema,
} from "./primitives.ts";
import { userSummarySchema } from "./user.ts";

export const messageTypeSchema = z.enum(["text", "image", "file", "system"]);
export type MessageType = z.infer<typeof messageTypeSchema>;

export const mentionSchema = onDemand(() =>
  z.object({ user_id: uuidSchema, external_id: externalIdSchema, name: z.string() }).meta({ id: "Mention" }),
);
export type Mention = z.infer<ReturnType<typeof mentionSchema>>;

export const reactionSchema = onDemand(() =>
  z.object({ emoji: z.string(), count: z.number().int(), reacted_by_me: z.boolean() }).meta({ id: "Reaction" }),
);

export const quotedMessageSchema = onDemand(() =>
  z
    .object({
      id: uuidSchema,
      user_id: uuidSchema.nullable(),
      user_name: z.string(),
      content: z.string(),
      type: messageTypeSchema,
      deleted: z.boolean(),
    })
    .meta({ id: "QuotedMessage" }),
);
export type QuotedMessage = z.infer<ReturnType<typeof quotedMessageSchema>>;

export const messageSchema = onDemand(() =>
  z
    .object({
      id: uuidSchema,
      channel_id: uuidSchema,
      channel_external_id: externalIdSchema.nullable(),
      /** Contiguous per channel from 1: a hole means that something was missed. */
      seq: z.number().int().min(1),
      user: userSummarySchema().nullable(),
      user_id: uuidSchema.nullable(),
      content: z.string(),
      type: messageTypeSchema,
      attachment_url: z.string().nullable(),
      attachment: attachmentSchema().nullable(),
      created_at: timeSchema,
      edited_at: timeSchema.nullable(),
      deleted_at: timeSchema.nullable(),
      parent_id: uuidSchema.nullable(),
      quoted_message: quotedMessageSchema().optional(),
      mentions: z.array(mentionSchema()),
      reactions: z.array(reactionSchema()),
      metadata: z.record(z.string(), z.unknown()),
      /** The message under which this one is a reply of a thread; threads do not nest. */
      thread_root_id: uuidSchema.nullable(),
      /** Of the thread under this message. */
      reply_count: z.number().int(),
      last_repliers: z.array(userSummarySchema()),
      pinned_at: timeSchema.nullable(),
      /** True while the author is still writing it, see the stream calls. */
      streaming: z.boolean(),
      /** The sender's idempotency key; on the sender's own connections and answers only. */
      client_id: z.string().optional(),
    })
    .meta({ id: "Message" }),
);
export type Message = z.infer<ReturnType<typeof messageSchema>>;

/**
 * A message after a change, as it goes to everybody: without what differs from viewer to viewer or is counted from
 * other messages. A client lays it over the message that it has.
 */
export const changedMessageSchema = onDemand(() =>
  messageSchema()
    .omit({ reactions: true, reply_count: true, last_repliers: true, client_id: true })
    .meta({ id: "ChangedMessage" }),
);
export type ChangedMessage = z.infer<ReturnType<typeof changedMessageSchema>>;

/** Any text: its size is a setting, and is judged after membership, not here. */
const contentSchema = z.string().refine(isStorableText, { error: "must not contain NUL or lone surrogate characters" });

export const sendMessageBodySchema = onDemand(() =>
  z
    .object({
      content: contentSchema.optional(),
      /** Alias of `content`. */
      text: contentSchema.optional(),
      type: messageTypeSchema.optional(),
      attachment_url: storableText(1, LIMITS.urlChars).nullable().optional(),
      attachment: attachmentSchema().nullable().optional(),
      parent_id: uuidSchema.nullable().optional(),
      thread_root_id: uuidSchema.nullable().optional(),
      /** External ids of members. */
      mentions: z.array(refSchema).max(LIMITS.mentionsPerMessage).optional(),
      idempotency_key: storableText(1, LIMITS.idempotencyKeyChars).optional(),
      metadata: freeJson(LIMITS.messageMetadataBytes).optional(),
      /** True opens a stream: `content` is its beginning and may be empty; the rest follows by the stream calls. */
      streaming: z.boolean().optional(),
      /** The sender; with a workspace key only. */
      user_id: refSchema.optional(),
    })
    .meta({ id: "SendMessage" }),
);
export type SendMessageBody = z.infer<ReturnType<typeof sendMessageBodySchema>>;

/** Up to which message; without one up to the newest. */
export const receiptBodySchema = onDemand(() =>
  z.object({ message_id: uuidSchema.optional() }).meta({ id: "Receipt" }),
);

export const editMessageBodySchema = onDemand(() =>
  z
    .object({
      content: contentSchema.optional(),
      /** Alias of `content`. */
      text: contentSchema.optional(),
      mentions: z.array(refSchema).max(LIMITS.mentionsPerMessage).optional(),
      metadata: freeJson(LIMITS.messageMetadataBytes).optional(),
    })
    .meta({ id: "EditMessage" }),
);
export type EditMessageBody = z.infer<ReturnType<typeof editMessageBodySchema>>;

/** One emoji, joined sequences included; any short text without spaces is taken. */
export const emojiSchema = storableText(1, 64).refine((text) => !/[\s\p{Cc}]/u.test(text), {
  error: "must not contain spaces or control characters",
});

/** At most one of the three; none of them is the newest page. */
export const historyQuerySchema = onDemand(() =>
  z
    .object({
      limit: limitSchema,
      before: cursorSchema.optional(),
      after: cursorSchema.optional(),
      around: uuidSchema.optional(),
    })
    .refine(({ before, after, around }) => [before, after, around].filter((one) => one !== undefined).length <= 1, {
      error: "takes only one of before, after and around",
    }),
);

export const threadQuerySchema = onDemand(() => z.object({ limit: limitSchema, before: cursorSchema.optional() }));

export const pinListSchema = onDemand(() =>
  z
    .object({ messages: z.array(messageSchema()), has_more: z.boolean(), next_cursor: z.string().nullable() })
    .meta({ id: "PinList" }),
);

export const historySchema = onDemand(() =>
  z
    .object({
      /** Newest first; without those of users whom the caller blocked, whose seqs are left out and not lost. */
      messages: z.array(messageSchema()),
      /** There is more in the direction of paging: older messages, or newer ones with `after`. */
      has_more: z.boolean(),
      next_cursor: z.string().nullable(),
      /** With `after` and `around`: the cursor for newer messages than this page, null where there are none. */
      prev_cursor: z.string().nullable().optional(),
      /** Cursor of the channel's newest event that the page shows: what comes with a later one is news to it. */
      as_of: cursorSchema.optional(),
      /** Present and true where the page came from the hub's journal because Postgres did not answer. */
      from_journal: z.boolean().optional(),
    })
    .meta({ id: "History" }),
);
export type History = z.infer<ReturnType<typeof historySchema>>;

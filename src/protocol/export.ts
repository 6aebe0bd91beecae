import * as z from "zod";
import { attachmentSchema } from "./attachment.ts";
import { channelTypeSchema } from "./channel.ts";
import { roleSchema } from "./member.ts";
import { emojiSchema, mentionSchema, messageTypeSchema } from "./message.ts";
import { onDemand } from "./on-demand.ts";
import { cursorSchema, exceedsBytes, isStorableJson, storableText, timeSchema } from "./primitives.ts";

/**
 * Lines of an export, each `{"type", "data"}`; an import reads the same. Exports of a workspace come in this order: the workspace,
 * users, channels, members, blocks, then message by message, each followed by its reactions, and at last `end`.
 *
 * Ids are kept by an import where they are UUIDs that nobody has; any other text of 1 to 128 characters is given a UUID, the same
 * one whenever the file is imported into the same workspace. Times are RFC 3339 in UTC with milliseconds.
 */
const id = storableText(1, 128);
const maybeTime = timeSchema.nullable().default(null);
const text = (max: number) => storableText(1, max).nullable().default(null);
const free = (maxBytes: number) =>
  z
    .record(z.string(), z.unknown())
    .refine((value) => isStorableJson(value) && !exceedsBytes(JSON.stringify(value), maxBytes), {
      error: `must be JSON without NUL of at most ${maxBytes} bytes`,
    })
    .default({});
const line = <Type extends string, Data extends z.ZodRawShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object(data) });

/** About the source; an import leaves the target's own name and settings as they are. */
export const workspaceLineSchema = onDemand(() =>
  line("workspace", {
    id,
    name: z.string(),
    created_at: timeSchema,
    settings: z.record(z.string(), z.unknown()),
  }),
);
export const userLineSchema = onDemand(() =>
  line("user", {
    id,
    /** Default: the id. */
    external_id: storableText(1, 128).optional(),
    name: storableText(0, 1000),
    avatar_url: text(2048),
    metadata: free(64 * 1024),
    created_at: timeSchema,
    updated_at: timeSchema.optional(),
  }),
);
export const channelLineSchema = onDemand(() =>
  line("channel", {
    id,
    external_id: text(128),
    type: channelTypeSchema,
    name: text(1000),
    avatar_url: text(2048),
    created_by: id.nullable().default(null),
    created_at: timeSchema,
    updated_at: timeSchema.optional(),
    deleted_at: maybeTime,
  }),
);
export const memberLineSchema = onDemand(() =>
  line("member", {
    channel_id: id,
    user_id: id,
    /** Null in direct channels; default in groups: member. */
    role: roleSchema.nullable().default(null),
    joined_at: timeSchema,
    /** Everything up to this message seq is read; by default everything that is imported. */
    last_read_seq: z.number().int().min(0).optional(),
    last_read_at: maybeTime,
    last_delivered_seq: z.number().int().min(0).optional(),
    last_delivered_at: maybeTime,
  }),
);
export const blockLineSchema = onDemand(() =>
  line("block", { user_id: id, blocked_user_id: id, created_at: timeSchema }),
);
export const messageLineSchema = onDemand(() =>
  line("message", {
    id,
    channel_id: id,
    /** Of the channel's first line it says where the channel begins; from there on seqs follow the order of lines. */
    seq: z.number().int().min(1).optional(),
    /** Null for a system message. */
    user_id: id.nullable().default(null),
    content: z
      .string()
      .max(64 * 1024)
      .refine((value) => value.isWellFormed() && !value.includes("\0"), { error: "must not contain NUL" }),
    type: messageTypeSchema.default("text"),
    attachment_url: text(2048),
    attachment: attachmentSchema().nullable().default(null),
    created_at: timeSchema,
    edited_at: maybeTime,
    deleted_at: maybeTime,
    /** A message of the same channel further up in the file, or one that was imported before. */
    parent_id: id.nullable().default(null),
    thread_root_id: id.nullable().default(null),
    mentions: z.array(mentionSchema().extend({ user_id: id })).default([]),
    metadata: free(64 * 1024),
    pinned_at: maybeTime,
    client_id: text(128),
  }),
);
/** Of a message further up in the file, or of one that was imported before. */
export const reactionLineSchema = onDemand(() =>
  line("reaction", {
    message_id: id,
    user_id: id,
    emoji: emojiSchema,
    created_at: timeSchema,
  }),
);
/** In a user's export only: where the user gets pushes. */
export const deviceLineSchema = onDemand(() => line("device", { platform: z.string(), created_at: timeSchema }));
/** The export was too long for one answer: the same call with this cursor goes on. */
export const moreLineSchema = onDemand(() => line("more", { cursor: cursorSchema }));
/** The export is complete. */
export const endLineSchema = onDemand(() => line("end", {}));

export const exportLineSchema = onDemand(() =>
  z
    .discriminatedUnion("type", [
      workspaceLineSchema(),
      userLineSchema(),
      channelLineSchema(),
      memberLineSchema(),
      blockLineSchema(),
      messageLineSchema(),
      reactionLineSchema(),
      deviceLineSchema(),
      moreLineSchema(),
      endLineSchema(),
    ])
    .meta({ id: "ExportLine" }),
);
export type ExportLine = z.infer<ReturnType<typeof exportLineSchema>>;
export type LineType = ExportLine["type"];

export const exportQuerySchema = onDemand(() =>
  z.object({
    cursor: cursorSchema.optional().describe("Of the `more` line of an earlier answer"),
  }),
);

import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { messageSchema } from "./message.ts";
import { onDemand } from "./on-demand.ts";
import {
  externalIdSchema,
  httpUrlSchema,
  nameSchema,
  pageQuerySchema,
  refSchema,
  timeSchema,
  uuidSchema,
} from "./primitives.ts";

export const channelTypeSchema = z.enum(["direct", "group"]);
export type ChannelType = z.infer<typeof channelTypeSchema>;

export const channelSchema = onDemand(() =>
  z
    .object({
      id: uuidSchema,
      external_id: externalIdSchema.nullable(),
      type: channelTypeSchema,
      name: z.string().nullable(),
      avatar_url: z.string().nullable(),
      created_by: uuidSchema.nullable(),
      created_at: timeSchema,
      updated_at: timeSchema,
      member_count: z.number().int(),
    })
    .meta({ id: "Channel" }),
);
export type Channel = z.infer<ReturnType<typeof channelSchema>>;

/** A channel as its member sees it in a list. */
export const myChannelSchema = onDemand(() =>
  channelSchema()
    .extend({
      last_message: messageSchema().nullable(),
      unread_count: z.number().int(),
      unread_mentions: z.number().int(),
      last_read_at: timeSchema.nullable(),
      last_delivered_at: timeSchema.nullable(),
      last_seq: z.number().int(),
      /** True while the caller gets no pushes of this channel. */
      muted: z.boolean(),
      /** Null where it is not muted, and where it is muted for good. */
      muted_until: timeSchema.nullable(),
      /** True where the caller has hidden the channel and no message has come since. */
      hidden: z.boolean(),
    })
    .meta({ id: "MyChannel" }),
);
export type MyChannel = z.infer<ReturnType<typeof myChannelSchema>>;

export const createChannelBodySchema = onDemand(() =>
  z
    .object({
      type: channelTypeSchema,
      external_id: externalIdSchema.optional(),
      name: nameSchema.optional(),
      avatar_url: httpUrlSchema.nullable().optional(),
      member_external_ids: z.array(refSchema).max(LIMITS.bodyBytes),
      created_by: refSchema.optional(),
    })
    .meta({ id: "CreateChannel" }),
);
export type CreateChannelBody = z.infer<ReturnType<typeof createChannelBodySchema>>;

export const updateChannelBodySchema = onDemand(() =>
  z
    .object({ name: nameSchema.optional(), avatar_url: httpUrlSchema.nullable().optional() })
    .meta({ id: "UpdateChannel" }),
);
export type UpdateChannelBody = z.infer<ReturnType<typeof updateChannelBodySchema>>;

/** Hidden channels are listed by themselves. */
export const myChannelsQuerySchema = onDemand(() =>
  pageQuerySchema().extend({ hidden: z.enum(["true", "false"]).optional() }),
);

export const myChannelListSchema = onDemand(() =>
  z
    .object({ channels: z.array(myChannelSchema()), has_more: z.boolean(), next_cursor: z.string().nullable() })
    .meta({ id: "MyChannelList" }),
);
export type MyChannelList = z.infer<ReturnType<typeof myChannelListSchema>>;

/**
 * Unread is every message after the caller's read cursor, replies in threads and unsent messages included: they keep
 * their place. The cursor moves by reading, by sending, and by joining, which begins at the newest message; so one's own
 * messages are never unread. Channels without unread messages are left out.
 */
export const unreadSchema = onDemand(() =>
  z
    .object({
      total: z.number().int(),
      /** Of the unread messages, those that mention the caller. */
      unread_mentions: z.number().int(),
      channels: z.array(
        z.object({ channel_id: uuidSchema, unread_count: z.number().int(), unread_mentions: z.number().int() }),
      ),
    })
    .meta({ id: "Unread" }),
);
export type Unread = z.infer<ReturnType<typeof unreadSchema>>;

import * as z from "zod";
import { onDemand } from "./on-demand.ts";
import { cursorSchema, httpUrlSchema, isStorableText, limitSchema, timeSchema, uuidSchema } from "./primitives.ts";

/** What a webhook can be told of; never typing, presence or read. */
export const WEBHOOK_EVENTS = [
  "message.created",
  "message.updated",
  "message.deleted",
  "message.reaction.added",
  "message.reaction.removed",
  "message.mentioned",
  "message.moderated",
  "channel.created",
  "channel.deleted",
  "member.joined",
  "member.left",
  "user.created",
] as const;
export const webhookEventSchema = z.enum(WEBHOOK_EVENTS);
export type WebhookEvent = z.infer<typeof webhookEventSchema>;

/** The event that `POST /v1/webhooks/{id}/test` sends. */
export const TEST_EVENT = "webhook.test";
/** The event of a before-send hook. */
export const BEFORE_SEND_EVENT = "message.before_send";

/** An empty list means all events, also those of later versions. */
const eventsSchema = z.array(webhookEventSchema).max(WEBHOOK_EVENTS.length);

export const webhookSchema = onDemand(() =>
  z
    .object({
      id: uuidSchema,
      url: z.string(),
      events: eventsSchema.describe("Which events it gets; an empty list means all"),
      enabled: z.boolean(),
      /** `failures`: too many deliveries in a row were given up. `request`: somebody set `enabled` to false. */
      disabled_reason: z.enum(["failures", "request"]).nullable(),
      disabled_at: timeSchema.nullable(),
      created_at: timeSchema,
      updated_at: timeSchema,
    })
    .meta({ id: "Webhook" }),
);
export type Webhook = z.infer<ReturnType<typeof webhookSchema>>;

export const createdWebhookSchema = onDemand(() =>
  webhookSchema()
    .extend({
      secret: z
        .string()
        .optional()
        .describe("`whsec_…`; only in the answer to the call that creates it, and to a repeat within ten minutes"),
    })
    .meta({ id: "CreatedWebhook" }),
);
export type CreatedWebhook = z.infer<ReturnType<typeof createdWebhookSchema>>;

export const createWebhookBodySchema = onDemand(() =>
  z.object({ url: httpUrlSchema, events: eventsSchema.default([]) }).meta({ id: "CreateWebhook" }),
);
export type CreateWebhookBody = z.infer<ReturnType<typeof createWebhookBodySchema>>;

/** `enabled: true` also takes back a disabling after failures. */
export const updateWebhookBodySchema = onDemand(() =>
  z
    .object({ url: httpUrlSchema.optional(), events: eventsSchema.optional(), enabled: z.boolean().optional() })
    .meta({ id: "UpdateWebhook" }),
);
export type UpdateWebhookBody = z.infer<ReturnType<typeof updateWebhookBodySchema>>;

export const webhookListSchema = onDemand(() =>
  z
    .object({ webhooks: z.array(webhookSchema()), has_more: z.boolean(), next_cursor: z.string().nullable() })
    .meta({ id: "WebhookList" }),
);

export const deliveryStatusSchema = z.enum(["pending", "delivered", "failed"]);
export type DeliveryStatus = z.infer<typeof deliveryStatusSchema>;

export const deliverySchema = onDemand(() =>
  z
    .object({
      id: z.string(),
      webhook_id: uuidSchema,
      /** The same in each attempt and for each webhook: what a receiver tells duplicates by. */
      event_id: z.string(),
      event: z.string(),
      /** `failed` is a dead letter: it is kept for seven days and can be delivered again. */
      status: deliveryStatusSchema,
      attempts: z.number().int(),
      created_at: timeSchema,
      last_attempt_at: timeSchema.nullable(),
      /** Of a pending one; it may still wait for an earlier event of its channel. */
      next_attempt_at: timeSchema.nullable(),
      /** HTTP status of the last attempt, null where there was no answer. */
      response_status: z.number().int().nullable(),
      /** Why the last attempt failed. */
      error: z.string().nullable(),
    })
    .meta({ id: "WebhookDelivery" }),
);
export type WebhookDelivery = z.infer<ReturnType<typeof deliverySchema>>;

export const deliveryListSchema = onDemand(() =>
  z
    .object({ deliveries: z.array(deliverySchema()), has_more: z.boolean(), next_cursor: z.string().nullable() })
    .meta({ id: "WebhookDeliveryList" }),
);

export const deliveryQuerySchema = onDemand(() =>
  z.object({
    limit: limitSchema,
    cursor: cursorSchema.optional(),
    status: deliveryStatusSchema.optional(),
  }),
);

/** What a before-send hook answers. `rewrite` needs `content`. */
export const beforeSendAnswerSchema = onDemand(() =>
  z.discriminatedUnion("action", [
    z.object({ action: z.literal("allow") }),
    z.object({ action: z.literal("rewrite"), content: z.string().refine(isStorableText) }),
    z.object({ action: z.literal("reject"), reason: z.string().refine(isStorableText).optional() }),
  ]),
);
export type BeforeSendAnswer = z.infer<ReturnType<typeof beforeSendAnswerSchema>>;

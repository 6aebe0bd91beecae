import * as z from "zod";
import { onDemand } from "./on-demand.ts";
import { httpUrlSchema, storableText, timeSchema, uuidSchema } from "./primitives.ts";

export const moderationActionSchema = z.enum(["flag", "mask", "reject", "auto_mute"]);
export type ModerationAction = z.infer<typeof moderationActionSchema>;

export const moderationRuleSchema = z.enum(["profanity", "flood", "link", "phone"]);
export type ModerationRule = z.infer<typeof moderationRuleSchema>;

/** One rule: off, or what happens to a message that breaks it. */
const ruleSchema = (enabled: boolean, action: ModerationAction) =>
  z.object({ enabled: z.boolean().default(enabled), action: moderationActionSchema.default(action) }).prefault({});

const wordsSchema = onDemand(() => z.array(storableText(1, 100)).max(1_000));

/** Off by default. Once on, `profanity` and `flood` are on and the other two opt in. */
export const moderationSettingsSchema = onDemand(() =>
  z
    .object({
      enabled: z.boolean().default(false),
      profanity: ruleSchema(true, "mask"),
      flood: ruleSchema(true, "auto_mute"),
      link: ruleSchema(false, "flag"),
      phone: ruleSchema(false, "flag"),
      /** Whole words or phrases, besides the built-in lists, that count as profanity. */
      blocklist: wordsSchema().default([]),
      /** Words of the built-in lists that do not count. */
      allowlist: wordsSchema().default([]),
      /** Seconds for which `auto_mute` mutes. */
      mute_seconds: z
        .number()
        .int()
        .min(10)
        .max(30 * 24 * 3600)
        .default(600),
    })
    .meta({ id: "ModerationSettings" }),
);
export type ModerationSettings = z.infer<ReturnType<typeof moderationSettingsSchema>>;

/** A server of the customer's that sees each message before it is stored. */
export const beforeSendHookSchema = onDemand(() =>
  z
    .object({
      url: httpUrlSchema,
      /** What happens to a message when the hook does not answer within 2 s. */
      on_failure: z.enum(["allow", "reject"]).default("allow"),
      /** Signs the requests as a webhook's secret does; without one they are not signed. */
      secret: z
        .string()
        .regex(/^whsec_(?=.{32,88}$)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, {
          error: "must be whsec_ and 24 to 64 bytes in base64",
        })
        .optional(),
    })
    .meta({ id: "BeforeSendHook" }),
);

export const workspaceSettingsSchema = onDemand(() =>
  z
    .object({
      /** False: nobody sees who has read or received what; unread counts still work. */
      read_receipts: z.boolean().default(true),
      presence: z.boolean().default(true),
      typing: z.boolean().default(true),
      /** Days after which messages are erased; null keeps them. */
      retention_days: z.number().int().min(1).max(36_500).nullable().default(null),
      moderation: moderationSettingsSchema().prefault({}),
      before_send_hook: beforeSendHookSchema().nullable().default(null),
    })
    .meta({ id: "WorkspaceSettings" }),
);
export type WorkspaceSettings = z.infer<ReturnType<typeof workspaceSettingsSchema>>;

/** The settings of a workspace that has never set any. Made when asked for, as their schema is. */
export function defaultWorkspaceSettings(): WorkspaceSettings {
  return workspaceSettingsSchema().parse({});
}

export const workspaceSchema = onDemand(() =>
  z
    .object({
      id: uuidSchema,
      name: z.string(),
      created_at: timeSchema,
      settings: workspaceSettingsSchema(),
    })
    .meta({ id: "Workspace" }),
);
export type Workspace = z.infer<ReturnType<typeof workspaceSchema>>;

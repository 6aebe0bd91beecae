import { z } from "zod";
import { httpUrlSchema, storableText, timeSchema, uuidSchema } from "./primitives.ts";

export const moderationActionSchema = z.enum(["flag", "mask", "reject", "auto_mute"]);
export type ModerationAction = z.infer<typeof moderationActionSchema>;

/** One rule: off, or what happens to a message that breaks it. */
const ruleSchema = z.object({ enabled: z.boolean(), action: moderationActionSchema });

/** Off by default. Once on, `profanity` and `flood` are on and the other two opt in. */
export const moderationSettingsSchema = z
  .object({
    enabled: z.boolean().default(false),
    profanity: ruleSchema.default({ enabled: true, action: "mask" }),
    flood: ruleSchema.default({ enabled: true, action: "auto_mute" }),
    link: ruleSchema.default({ enabled: false, action: "flag" }),
    phone: ruleSchema.default({ enabled: false, action: "flag" }),
    /** Whole words, besides the built-in lists, that count as profanity. */
    blocklist: z.array(storableText(1, 100)).max(1_000).default([]),
    /** Seconds for which `auto_mute` mutes. */
    mute_seconds: z
      .number()
      .int()
      .min(10)
      .max(30 * 24 * 3600)
      .default(600),
  })
  .meta({ id: "ModerationSettings" });
export type ModerationSettings = z.infer<typeof moderationSettingsSchema>;

/** A server of the customer's that sees each message before it is stored. */
export const beforeSendHookSchema = z
  .object({
    url: httpUrlSchema,
    /** What happens to a message when the hook does not answer within 2 s. */
    on_failure: z.enum(["allow", "reject"]).default("allow"),
  })
  .meta({ id: "BeforeSendHook" });

export const workspaceSettingsSchema = z
  .object({
    /** False: nobody sees who has read or received what; unread counts still work. */
    read_receipts: z.boolean().default(true),
    presence: z.boolean().default(true),
    typing: z.boolean().default(true),
    /** Days after which messages are erased; null keeps them. */
    retention_days: z.number().int().min(1).max(36_500).nullable().default(null),
    moderation: moderationSettingsSchema.prefault({}),
    before_send_hook: beforeSendHookSchema.nullable().default(null),
  })
  .meta({ id: "WorkspaceSettings" });
export type WorkspaceSettings = z.infer<typeof workspaceSettingsSchema>;

/** The settings of a workspace that has never set any. */
export const DEFAULT_WORKSPACE_SETTINGS: WorkspaceSettings = workspaceSettingsSchema.parse({});

export const workspaceSchema = z
  .object({
    id: uuidSchema,
    name: z.string(),
    created_at: timeSchema,
    settings: workspaceSettingsSchema,
  })
  .meta({ id: "Workspace" });
export type Workspace = z.infer<typeof workspaceSchema>;

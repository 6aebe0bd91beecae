import * as z from "zod";
import { messageTypeSchema } from "./message.ts";
import { onDemand } from "./on-demand.ts";
import { cursorSchema, limitSchema, storableText, timeSchema, uuidSchema } from "./primitives.ts";
import { userSummarySchema } from "./user.ts";
import { moderationRuleSchema } from "./workspace.ts";

const REASON_CHARS = 500;
const NOTE_CHARS = 2_000;

const page = { has_more: z.boolean(), next_cursor: z.string().nullable() };

/** Without `until` for good. */
export const muteBodySchema = onDemand(() =>
  z.object({ until: timeSchema.nullable().optional() }).meta({ id: "MuteMember" }),
);
export type MuteBody = z.infer<ReturnType<typeof muteBodySchema>>;

export const muteSchema = onDemand(() =>
  z
    .object({
      channel_id: uuidSchema,
      user: userSummarySchema(),
      /** Null for a mute without end. */
      until: timeSchema.nullable(),
      /** Null for the workspace's server and for automatic mutes. */
      muted_by: uuidSchema.nullable(),
      /** The rule of an automatic mute. */
      rule: moderationRuleSchema.nullable(),
      created_at: timeSchema,
    })
    .meta({ id: "Mute" }),
);
export type Mute = z.infer<ReturnType<typeof muteSchema>>;
export const muteListSchema = onDemand(() =>
  z.object({ mutes: z.array(muteSchema()), ...page }).meta({ id: "MuteList" }),
);

export const banBodySchema = onDemand(() =>
  z
    .object({ until: timeSchema.nullable().optional(), reason: storableText(1, REASON_CHARS).nullable().optional() })
    .meta({ id: "BanMember" }),
);
export type BanBody = z.infer<ReturnType<typeof banBodySchema>>;

export const banSchema = onDemand(() =>
  z
    .object({
      channel_id: uuidSchema,
      user: userSummarySchema(),
      /** Null for a ban without end. */
      until: timeSchema.nullable(),
      reason: z.string().nullable(),
      /** Null for the workspace's server. */
      banned_by: uuidSchema.nullable(),
      created_at: timeSchema,
    })
    .meta({ id: "Ban" }),
);
export type Ban = z.infer<ReturnType<typeof banSchema>>;
export const banListSchema = onDemand(() => z.object({ bans: z.array(banSchema()), ...page }).meta({ id: "BanList" }));

export const blockSchema = onDemand(() =>
  z.object({ user: userSummarySchema(), created_at: timeSchema }).meta({ id: "Block" }),
);
export type Block = z.infer<ReturnType<typeof blockSchema>>;
export const blockListSchema = onDemand(() =>
  z.object({ blocks: z.array(blockSchema()), ...page }).meta({ id: "BlockList" }),
);

export const reportReasonSchema = z.enum([
  "spam",
  "harassment",
  "hate",
  "sexual",
  "violence",
  "self_harm",
  "illegal",
  "other",
]);
export const reportBodySchema = onDemand(() =>
  z.object({ reason: reportReasonSchema, note: storableText(1, NOTE_CHARS).optional() }).meta({ id: "ReportMessage" }),
);
export type ReportBody = z.infer<ReturnType<typeof reportBodySchema>>;

export const reportStatusSchema = z.enum(["open", "resolved", "dismissed"]);
export type ReportStatus = z.infer<typeof reportStatusSchema>;

export const reportSchema = onDemand(() =>
  z
    .object({
      id: uuidSchema,
      channel_id: uuidSchema,
      message_id: uuidSchema,
      reporter_id: uuidSchema,
      /** Null for a system message. */
      author_id: uuidSchema.nullable(),
      reason: reportReasonSchema,
      note: z.string().nullable(),
      /** The message as it was when it was reported, also where it was edited or unsent since; null once its author was erased. */
      snapshot: z
        .object({
          seq: z.number().int(),
          content: z.string(),
          type: messageTypeSchema,
          attachment_url: z.string().nullable(),
          created_at: timeSchema,
          edited_at: timeSchema.nullable(),
        })
        .nullable(),
      status: reportStatusSchema,
      /** The reviewer's note. */
      resolution: z.string().nullable(),
      created_at: timeSchema,
      closed_at: timeSchema.nullable(),
    })
    .meta({ id: "Report" }),
);
export type Report = z.infer<ReturnType<typeof reportSchema>>;

/** What the reporter gets to see: neither the review nor other people's reports. */
export const reportReceiptSchema = onDemand(() =>
  reportSchema()
    .pick({ id: true, channel_id: true, message_id: true, reason: true, note: true, created_at: true })
    .meta({ id: "ReportReceipt" }),
);
export type ReportReceipt = z.infer<ReturnType<typeof reportReceiptSchema>>;

export const reportListSchema = onDemand(() =>
  z.object({ reports: z.array(reportSchema()), ...page }).meta({ id: "ReportList" }),
);
export const reportQuerySchema = onDemand(() =>
  z.object({
    limit: limitSchema,
    cursor: cursorSchema.optional(),
    status: reportStatusSchema.optional(),
  }),
);
export const reviewBodySchema = onDemand(() =>
  z
    .object({ status: reportStatusSchema, note: storableText(1, NOTE_CHARS).nullable().optional() })
    .meta({ id: "ReviewReport" }),
);
export type ReviewBody = z.infer<ReturnType<typeof reviewBodySchema>>;

export const moderationActSchema = z.enum([
  "message.moderated",
  "message.unsent",
  "member.muted",
  "member.unmuted",
  "member.banned",
  "member.unbanned",
  "report.resolved",
  "report.dismissed",
  "report.reopened",
  "settings.changed",
]);
export type ModerationAct = z.infer<typeof moderationActSchema>;

export const auditEntrySchema = onDemand(() =>
  z
    .object({
      id: uuidSchema,
      act: moderationActSchema,
      /** `workspace` for its server, `user` for `actor_id`, `automatic` for a rule. */
      actor: z.enum(["workspace", "user", "automatic"]),
      actor_id: uuidSchema.nullable(),
      channel_id: uuidSchema.nullable(),
      /** To whom it was done. */
      user_id: uuidSchema.nullable(),
      message_id: uuidSchema.nullable(),
      /** What else there is to say of this act: until, reason, rule, action, report, settings. */
      details: z.record(z.string(), z.unknown()),
      created_at: timeSchema,
    })
    .meta({ id: "AuditEntry" }),
);
export type AuditEntry = z.infer<ReturnType<typeof auditEntrySchema>>;
export const auditListSchema = onDemand(() =>
  z.object({ entries: z.array(auditEntrySchema()), ...page }).meta({ id: "AuditList" }),
);

import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { onDemand } from "./on-demand.ts";
import { refSchema, timeSchema } from "./primitives.ts";
import { userSummarySchema } from "./user.ts";

export const roleSchema = z.enum(["admin", "member"]);
export type Role = z.infer<typeof roleSchema>;

export const memberSchema = onDemand(() =>
  z
    .object({
      user: userSummarySchema(),
      /** Null in direct channels, which have no roles. */
      role: roleSchema.nullable(),
      joined_at: timeSchema,
      /** Both are null for all but the caller where the workspace has read receipts off. */
      last_delivered_at: timeSchema.nullable(),
      last_read_at: timeSchema.nullable(),
    })
    .meta({ id: "Member" }),
);
export type Member = z.infer<ReturnType<typeof memberSchema>>;

/** External (or internal) ids of users. */
export const memberIdsBodySchema = onDemand(() =>
  z.object({ user_ids: z.array(refSchema).min(1).max(LIMITS.memberIdsPerCall) }).meta({ id: "MemberIds" }),
);

export const updateMemberBodySchema = onDemand(() => z.object({ role: roleSchema }).meta({ id: "UpdateMember" }));

export const memberListSchema = onDemand(() =>
  z
    .object({ members: z.array(memberSchema()), has_more: z.boolean(), next_cursor: z.string().nullable() })
    .meta({ id: "MemberList" }),
);

export const addedMembersSchema = onDemand(() =>
  z
    .object({ members: z.array(memberSchema()).describe("The named users' memberships after the call") })
    .meta({ id: "AddedMembers" }),
);

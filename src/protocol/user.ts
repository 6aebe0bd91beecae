import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { onDemand } from "./on-demand.ts";
import { externalIdSchema, freeJson, httpUrlSchema, nameSchema, timeSchema, uuidSchema } from "./primitives.ts";

export const userSchema = onDemand(() =>
  z
    .object({
      id: uuidSchema,
      external_id: externalIdSchema,
      name: z.string(),
      avatar_url: z.string().nullable(),
      metadata: z.record(z.string(), z.unknown()),
      created_at: timeSchema,
      updated_at: timeSchema,
    })
    .meta({ id: "User" }),
);
export type User = z.infer<ReturnType<typeof userSchema>>;

/** The part of a user that travels inside messages and members. A deleted user keeps only its id. */
export const userSummarySchema = onDemand(() =>
  z
    .object({
      id: uuidSchema,
      external_id: externalIdSchema.nullable(),
      name: z.string(),
      avatar_url: z.string().nullable(),
    })
    .meta({ id: "UserSummary" }),
);
export type UserSummary = z.infer<ReturnType<typeof userSummarySchema>>;

export const upsertUserBodySchema = onDemand(() =>
  z
    .object({
      external_id: externalIdSchema,
      name: nameSchema.optional(),
      avatar_url: httpUrlSchema.nullable().optional(),
      metadata: freeJson(LIMITS.userMetadataBytes).optional(),
    })
    .meta({ id: "UpsertUser" }),
);
export type UpsertUserBody = z.infer<ReturnType<typeof upsertUserBodySchema>>;

export const userListSchema = onDemand(() =>
  z
    .object({ users: z.array(userSchema()), has_more: z.boolean(), next_cursor: z.string().nullable() })
    .meta({ id: "UserList" }),
);

import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { externalIdSchema, freeJson, httpUrlSchema, nameSchema, timeSchema, uuidSchema } from "./primitives.ts";

export const userSchema = z
  .object({
    id: uuidSchema,
    external_id: externalIdSchema,
    name: z.string(),
    avatar_url: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    created_at: timeSchema,
    updated_at: timeSchema,
  })
  .meta({ id: "User" });
export type User = z.infer<typeof userSchema>;

/** The part of a user that travels inside messages and members. A deleted user keeps only its id. */
export const userSummarySchema = z
  .object({
    id: uuidSchema,
    external_id: externalIdSchema.nullable(),
    name: z.string(),
    avatar_url: z.string().nullable(),
  })
  .meta({ id: "UserSummary" });
export type UserSummary = z.infer<typeof userSummarySchema>;

export const upsertUserBodySchema = z
  .object({
    external_id: externalIdSchema,
    name: nameSchema.optional(),
    avatar_url: httpUrlSchema.nullable().optional(),
    metadata: freeJson(LIMITS.userMetadataBytes).optional(),
  })
  .meta({ id: "UpsertUser" });
export type UpsertUserBody = z.infer<typeof upsertUserBodySchema>;

export const userListSchema = z
  .object({ users: z.array(userSchema), has_more: z.boolean(), next_cursor: z.string().nullable() })
  .meta({ id: "UserList" });

import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { onDemand } from "./on-demand.ts";
import { externalIdSchema, refSchema, timeSchema, uuidSchema } from "./primitives.ts";

/** `away`: connected, but every device of the user has said so. */
export const presenceStatusSchema = z.enum(["online", "away", "offline"]);
export type PresenceStatus = z.infer<typeof presenceStatusSchema>;

const presence = {
  user_id: uuidSchema,
  external_id: externalIdSchema.nullable(),
  status: presenceStatusSchema,
  /** When the user's last connection ended; null while there is one, and where there never was any. */
  last_seen_at: timeSchema.nullable(),
};
export const presenceSchema = onDemand(() => z.object(presence).meta({ id: "Presence" }));
export type Presence = z.infer<ReturnType<typeof presenceSchema>>;

/** Empty where the workspace has presence off. */
export const presenceListSchema = onDemand(() =>
  z.object({ users: z.array(presenceSchema()) }).meta({ id: "PresenceList" }),
);

export const presenceQuerySchema = onDemand(() =>
  z.object({
    user_ids: z
      .string()
      .min(1)
      .max(LIMITS.presenceAsked * (LIMITS.externalIdChars + 1))
      .describe(
        "At most 100 internal or external ids, separated by commas; who has a comma in its id is asked for by internal id",
      ),
  }),
);

/** Of one connection: a user is away only where all of its connections are. A new connection is online. */
export const presenceSetDataSchema = onDemand(() => z.object({ status: z.enum(["online", "away"]) }));

/** In place of whom the connection watched before; an empty list watches nobody. */
export const presenceWatchDataSchema = onDemand(() =>
  z.object({ user_ids: z.array(refSchema).max(LIMITS.presenceWatched) }),
);

/** Goes unasked to those who share a channel of at most 100 members with the user, or who watch it. */
export const presenceUpdateData = presence;

/**
 * The answer to `presence.query` (everybody who is there and shares a small channel with the caller; `truncated` where
 * there are more than fit) and to `presence.watch` (each of the named who shares any channel with the caller).
 */
export const presenceStateData = () => ({ users: z.array(presenceSchema()), truncated: z.boolean() });

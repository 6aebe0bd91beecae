import * as z from "zod";
import { onDemand } from "./on-demand.ts";
import { uuidSchema } from "./primitives.ts";

/** What becomes of a deleted user's messages: they stay under its old id, or are erased with everything else of it. */
export const deleteUserQuerySchema = onDemand(() => z.object({ messages: z.enum(["keep", "erase"]).default("keep") }));

export const erasureSchema = onDemand(() =>
  z
    .object({
      /** Internal id: the same call with it tells how far the erasure is. */
      user_id: uuidSchema,
      state: z.enum(["running", "done"]),
      /** Messages erased so far. */
      messages: z.number().int(),
    })
    .meta({ id: "Erasure" }),
);
export type ErasureState = z.infer<ReturnType<typeof erasureSchema>>;

import * as z from "zod";
import { onDemand } from "./on-demand.ts";
import { externalIdSchema, timeSchema, uuidSchema } from "./primitives.ts";

/** Who is signed in on the demo page. */
export const demoSessionSchema = onDemand(() =>
  z
    .object({
      workspace_id: uuidSchema,
      users: z.array(
        z.object({
          id: uuidSchema,
          external_id: externalIdSchema,
          name: z.string(),
          token: z.string(),
          expires_at: timeSchema,
        }),
      ),
    })
    .meta({ id: "DemoSession" }),
);
export type DemoSession = z.infer<ReturnType<typeof demoSessionSchema>>;

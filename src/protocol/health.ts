import * as z from "zod";

export const healthSchema = z.object({ status: z.literal("ok"), version: z.string() }).meta({ id: "Health" });

export const dependencySchema = z
  .object({ status: z.enum(["ok", "unavailable"]), latency_ms: z.number() })
  .meta({ id: "Dependency" });

export const readinessSchema = z
  .object({
    status: z.enum(["ok", "degraded"]),
    dependencies: z.object({
      postgres: dependencySchema,
      redis: dependencySchema,
      object_store: dependencySchema,
      hub: dependencySchema,
    }),
  })
  .meta({ id: "Readiness" });
export type Readiness = z.infer<typeof readinessSchema>;

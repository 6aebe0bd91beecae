import * as z from "zod";
import { onDemand } from "./on-demand.ts";

export const healthSchema = onDemand(() =>
  z.object({ status: z.literal("ok"), version: z.string() }).meta({ id: "Health" }),
);

export const dependencySchema = onDemand(() =>
  z.object({ status: z.enum(["ok", "unavailable"]), latency_ms: z.number() }).meta({ id: "Dependency" }),
);

export const readinessSchema = onDemand(() =>
  z
    .object({
      status: z.enum(["ok", "degraded"]),
      dependencies: z.object({
        postgres: dependencySchema(),
        redis: dependencySchema(),
        object_store: dependencySchema(),
        hub: dependencySchema(),
      }),
    })
    .meta({ id: "Readiness" }),
);
export type Readiness = z.infer<ReturnType<typeof readinessSchema>>;

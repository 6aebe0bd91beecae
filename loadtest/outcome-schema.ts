import { z } from "zod";
import { latencySummarySchema } from "./distribution-schema.ts";

/** What the ways of playing measure besides the figures that every run has. Parts that were not played are absent. */

const count = z.number().int().min(0);
const figure = z.number().nullable();

/** One step of a run that is played in steps: a rate, or a number in flight. */
export const stepSchema = z.object({
  name: z.string(),
  /** Operations per second that the step asked for; null where it went as fast as it was answered. */
  wanted_per_second: figure,
  in_flight: z.number().int().nullable(),
  seconds: z.number(),
  completed: count,
  failed: count,
  per_second: z.number(),
  latency: latencySummarySchema,
  deliveries: z
    .object({ expected: count, seen: count, per_second: z.number(), latency: latencySummarySchema })
    .nullable(),
  /** Percent of one core. */
  generator_cpu_percent: z.number(),
  server_cpu_percent: figure,
  /** Whether the step held what was asked of it; null where nothing was. */
  good: z.boolean().nullable(),
});
export type Step = z.infer<typeof stepSchema>;

/** Memory with so many sockets open. */
export const stageSchema = z.object({
  sockets: count,
  open: count,
  server_rss_mb: figure,
  /** What each socket beyond the first stage added. */
  kib_per_socket: figure,
  server_descriptors: figure,
  generator_rss_mb: z.number(),
});
export type Stage = z.infer<typeof stageSchema>;

export const stormSchema = z.object({
  dropped: count,
  resumed: count,
  /** Told to read history instead. */
  resynced: count,
  /** Not back in time. */
  lost: count,
  /** Attempts that the server put off or refused. */
  put_off: count,
  /** Events that were replayed. */
  replayed: count,
  /** From the drop of all to the last `resumed`; null where one was lost. */
  all_resumed_ms: figure,
  /** From the drop to each `resumed`, which holds the clients' own spread. */
  since_drop: latencySummarySchema,
  /** From each client's first attempt to its `resumed`. */
  since_attempt: latencySummarySchema,
});
export type Storm = z.infer<typeof stormSchema>;

/** Server memory over a long run, after its warm-up. */
export const trendSchema = z.object({
  first_mb: z.number(),
  last_mb: z.number(),
  growth_percent: z.number(),
  /** Slope of the least-squares line. */
  mb_per_hour: z.number(),
});
export type Trend = z.infer<typeof trendSchema>;

export const outcomeSchema = z.object({
  steps: z.array(stepSchema).optional(),
  /** Deliveries per second of the last good step of a fan-out; null where none was. */
  best_deliveries_per_second: figure.optional(),
  stages: z.array(stageSchema).optional(),
  storm: stormSchema.optional(),
  trend: trendSchema.optional(),
});
export type Outcome = z.infer<typeof outcomeSchema>;

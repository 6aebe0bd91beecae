import { z } from "zod";

/** Milliseconds. */
export const distributionSchema = z.object({
  count: z.number().int().min(0),
  mean: z.number(),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
  p99_9: z.number(),
  max: z.number(),
});
export type Distribution = z.infer<typeof distributionSchema>;

export const latencySummarySchema = z.object({
  /** From the moment that the timetable names: the figure to quote. */
  from_intended: distributionSchema.nullable(),
  /** From the moment that the generator got to it. */
  from_start: distributionSchema.nullable(),
  /** The histogram behind `from_intended`: HDR V2, compressed, base64, in microseconds. */
  hdr: z.string().nullable(),
});
export type LatencySummary = z.infer<typeof latencySummarySchema>;

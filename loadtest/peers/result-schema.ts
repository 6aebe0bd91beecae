import { z } from "zod";
import { environmentSchema } from "../summary.ts";

/** The JSON of one comparison. Milliseconds, megabytes and percent of one core, as the names say. */

export const workNameSchema = z.enum(["fanout", "steady", "sends", "history", "memory"]);
export type WorkName = z.infer<typeof workNameSchema>;

/** Figures by their names; null where one could not be measured. */
export const figuresSchema = z.record(z.string(), z.number().nullable());
export type Figures = z.infer<typeof figuresSchema>;

export const stepSchema = z.object({
  name: z.string(),
  figures: figuresSchema,
  /** All processes of the server together. */
  server_cpu_percent: z.number().nullable(),
  generator_cpu_percent: z.number(),
  /** Where a work has a bound: whether the step kept to it. */
  good: z.boolean().nullable(),
});
export type Step = z.infer<typeof stepSchema>;

export const roundSchema = z.object({
  /** Place in the whole run, from 0: the servers take turns. */
  turn: z.number().int(),
  figures: figuresSchema,
  steps: z.array(stepSchema),
  /** What was lost, doubled or misdelivered, and what failed. */
  problems: z.array(z.string()),
});
export type RoundResult = z.infer<typeof roundSchema>;

export const peerResultSchema = z.object({
  name: z.string(),
  setup: z.string(),
  version: z.string().nullable(),
  /** Why it was not played: not installed, with how to install it; or it does not do this work. */
  absent: z.string().nullable(),
  rounds: z.array(roundSchema),
  /** Of each figure over the rounds. */
  median: figuresSchema,
});
export type PeerResult = z.infer<typeof peerResultSchema>;

export const comparisonOptionsSchema = z.object({
  members: z.number().int(),
  seconds: z.number(),
  messages: z.number().int(),
  sockets: z.number().int(),
  rounds: z.number().int(),
});

export const comparisonSchema = z.object({
  schema_version: z.literal(1),
  kind: z.literal("peers"),
  work: workNameSchema,
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime(),
  interrupted: z.boolean(),
  environment: environmentSchema,
  options: comparisonOptionsSchema,
  peers: z.array(peerResultSchema),
});
export type Comparison = z.infer<typeof comparisonSchema>;

import { z } from "zod";
import { distributionSchema, latencySummarySchema } from "./distribution-schema.ts";
import { outcomeSchema } from "./outcome-schema.ts";
import { metricSchema, scenarioSchema } from "./scenario.ts";

/** The JSON summary of one run. Milliseconds, megabytes and percent of one processor core, as the names say. */

const count = z.number().int().min(0);
const figure = z.number().nullable();

export const deliverySummarySchema = z.object({
  /** Acknowledged messages × other members connected at the time of sending. */
  expected: count,
  seen: count,
  dropped: count,
  /** The same message twice at one socket. */
  duplicates: count,
  /** A message at someone who is not in its channel. */
  misdelivered: count,
  /** Senders that received their own message as an event; allowed, and not counted as a delivery. */
  own_echoes: count,
  /** A message after one with a higher number, at the same socket. */
  out_of_order: count,
  /** One message told with two numbers. */
  number_conflicts: count,
  /** Channel numbers that a socket never saw between its first and its last. */
  seq_holes: count,
  /** Messages that arrived although their send failed or was never answered. */
  delivered_unacknowledged: count,
});
export type DeliverySummary = z.infer<typeof deliverySummarySchema>;

export const errorCountSchema = z.object({ operation: z.string(), code: z.string(), count, sample: z.string() });
export type ErrorCount = z.infer<typeof errorCountSchema>;

export const closeCountSchema = z.object({ code: z.number().int(), reason: z.string(), count });
export type CloseCount = z.infer<typeof closeCountSchema>;

/** Parts of a run: nobody there; sockets opening; sockets open and only pinging; the measured part. */
export const phaseSchema = z.enum(["idle", "setup", "ramp", "connected", "run", "drain"]);
export type Phase = z.infer<typeof phaseSchema>;

/** Medians of the named phases, and the highest of the measured part. */
const phaseFigures = z.object({ idle: figure, connected: figure, median: figure, peak: figure });

export const serverSummarySchema = z.object({
  pid: z.number().int(),
  command: z.string().nullable(),
  ended_during_run: z.boolean(),
  rss_mb: phaseFigures,
  cpu_percent: phaseFigures,
  samples: z.object({
    second: z.array(z.number()),
    phase: z.array(phaseSchema),
    rss_mb: z.array(z.number()),
    cpu_percent: z.array(z.number()),
  }),
});
export type ServerSummary = z.infer<typeof serverSummarySchema>;

export const generatorSummarySchema = z.object({
  cpu_percent: z.number(),
  peak_rss_mb: z.number(),
  event_loop_lag_ms: z.object({ p50: figure, p99: figure, max: figure }),
  /** How late operations started against the timetable. */
  lateness_ms: distributionSchema.nullable(),
});
export type GeneratorSummary = z.infer<typeof generatorSummarySchema>;

export const environmentSchema = z.object({
  cpu_model: z.string(),
  cores: z.number().int(),
  memory_mb: z.number().int(),
  platform: z.string(),
  kernel: z.string(),
  node: z.string(),
  workerd: z.string().nullable(),
  commit: z.string().nullable(),
});
export type Environment = z.infer<typeof environmentSchema>;

export const targetResultSchema = z.object({
  name: z.string(),
  metric: metricSchema,
  of: z.string().optional(),
  wanted: z.string(),
  measured: figure,
  /** Null where nothing was measured. */
  met: z.boolean().nullable(),
});
export type TargetResult = z.infer<typeof targetResultSchema>;

export const summarySchema = z.object({
  schema_version: z.literal(1),
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime(),
  /** Length of the measured part as it really was. */
  measured_seconds: z.number(),
  /** Stopped by hand before the end. */
  interrupted: z.boolean(),
  target: z.object({ base_url: z.string(), loopback: z.boolean() }),
  environment: environmentSchema,
  scenario: scenarioSchema,
  /** The rates that follow from the scenario. */
  rates: z.object({ pings_per_second: z.number(), messages_per_second: z.number(), deliveries_per_second: z.number() }),
  upgrades: z.object({
    attempted: count,
    succeeded: count,
    success_percent: figure,
    /** Times that an upgrade was put off by a 429, and tried again when the server had said. */
    rate_limited: count,
    latency: latencySummarySchema,
    /** Until `connection.ready`. */
    ready: latencySummarySchema,
  }),
  pings: z.object({ sent: count, answered: count, latency: latencySummarySchema }),
  sends: z.object({
    attempted: count,
    acknowledged: count,
    failed: count,
    latency: latencySummarySchema,
    socket: latencySummarySchema,
    rest: latencySummarySchema,
  }),
  deliveries: deliverySummarySchema.extend({ latency: latencySummarySchema }),
  history: z.object({
    attempted: count,
    answered: count,
    /** Pages that held as many messages as were asked for. */
    full_pages: count,
    failed: count,
    latency: latencySummarySchema,
  }),
  /** Sockets that ended without our closing them. */
  closes: z.array(closeCountSchema),
  errors: z.array(errorCountSchema),
  server: serverSummarySchema.nullable(),
  generator: generatorSummarySchema,
  /** What the way of playing measures besides. */
  outcome: outcomeSchema.default({}),
  /** All cores together during the measured part, whoever used them. */
  machine_busy_percent: figure,
  targets: z.array(targetResultSchema),
  /** Everything that makes the run a failed one; empty where it is clean. */
  problems: z.array(z.string()),
});
export type Summary = z.infer<typeof summarySchema>;

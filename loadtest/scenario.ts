import fs from "node:fs";
import { z } from "zod";
import { LIMITS } from "../src/protocol/limits.ts";
import { UsageError } from "./errors.ts";

/** Figures that a target may be set on; `report/targets.ts` says where in a summary each is found. */
export const metricSchema = z.enum([
  "upgrade_success_percent",
  "ping_p95_ms",
  "send_p95_ms",
  "delivery_p95_ms",
  "history_p95_ms",
]);
export type Metric = z.infer<typeof metricSchema>;

const named = { name: z.string(), metric: metricSchema };
export const targetSchema = z.union([
  z.object({ ...named, below: z.number() }),
  z.object({ ...named, at_least: z.number() }),
]);
export type Target = z.infer<typeof targetSchema>;

/**
 * One scenario: plain data, so that any driver can play the same file. The upper bounds keep a typing error from
 * turning a measurement into an attack.
 */
export const scenarioSchema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  description: z.string(),
  /** Length of the measured part, after the ramp. */
  seconds: z.number().int().min(1).max(7_200),
  sockets: z.number().int().min(2).max(20_000),
  /** Every user is in one group of this many; a group beyond the last socket is filled up with users who stay offline. */
  group_size: z.number().int().min(2).max(1_000),
  connects_per_second: z.number().min(1).max(1_000),
  ping_interval_seconds: z.number().min(1).max(LIMITS.silenceSeconds),
  senders: z.number().int().min(0).max(20_000),
  send_interval_seconds: z.number().min(1).max(3_600),
  /** Share of the senders that send over their socket; the others send over REST. */
  socket_share: z.number().min(0).max(1),
  /** Bytes of a message's content, of which the first few carry the run and the number of the message. */
  content_bytes: z.number().int().min(48).max(8_192),
  history_reads_per_second: z.number().min(0).max(1_000),
  history_limit: z.number().int().min(1).max(LIMITS.pageMax),
  /** Seed of the offsets within the intervals, so that a repeated run has the same timetable. */
  seed: z.number().int(),
  targets: z.array(targetSchema),
});
export type Scenario = z.infer<typeof scenarioSchema>;

const folder = new URL("./scenarios/", import.meta.url);

/** Names of the scenarios that there are. */
export function scenarioNames(): string[] {
  return fs
    .readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .sort();
}

/** Reads a scenario. With another number of sockets the senders keep their share of them. */
export function loadScenario(name: string, changes: { seconds?: number; sockets?: number } = {}): Scenario {
  const file = scenarioSchema.parse(JSON.parse(fs.readFileSync(new URL(`${name}.json`, folder), "utf8")));
  const sockets = changes.sockets ?? file.sockets;
  const senders = Math.round((file.senders * sockets) / file.sockets);
  const scenario = scenarioSchema.safeParse({ ...file, sockets, senders, seconds: changes.seconds ?? file.seconds });
  if (!scenario.success) throw new UsageError(`Out of bounds: ${z.prettifyError(scenario.error)}`);
  return scenario.data;
}

import fs from "node:fs";
import { z } from "zod";
import { LIMITS } from "../src/protocol/limits.ts";
import { UsageError } from "./errors.ts";
import { playSchema } from "./play-schema.ts";

/** Figures that a target may be set on; `report/targets.ts` says where in a summary each is found, and its unit. */
export const metricSchema = z.enum([
  "upgrade_success_percent",
  "ping_p95_ms",
  "send_p95_ms",
  "delivery_p95_ms",
  "history_p95_ms",
  "open_sockets",
  "stage_memory_mb",
  "step_per_second",
  "step_p95_ms",
  "best_deliveries_per_second",
  "all_resumed_ms",
  "memory_growth_percent",
]);
export type Metric = z.infer<typeof metricSchema>;

const named = {
  name: z.string(),
  metric: metricSchema,
  /** Which step or stage is meant, for metrics that are one's of several. */
  of: z.string().optional(),
};
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
  /** Length of the measured part, after the ramp; of each step, where it is played in steps. */
  seconds: z.number().int().min(1).max(7_200),
  sockets: z.number().int().min(0).max(20_000),
  /** Over how many workspaces the sockets are spread evenly. More than one are made in the local stack's database. */
  workspaces: z.number().int().min(1).max(2_000).default(1),
  /** Every user is in one group of this many; a group beyond the last socket is filled up with users who stay offline. */
  group_size: z.number().int().min(2).max(10_000),
  /** Open sockets with `?batch=1`, which lets the server put several events into one frame. */
  batch: z.boolean().default(false),
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
  /** What is done with all that. */
  play: playSchema.default({ kind: "steady" }),
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

/** What the command line may change of a scenario. */
export interface ScenarioChanges {
  seconds?: number;
  sockets?: number;
  workspaces?: number;
  messages?: number;
  batch?: boolean;
}

/**
 * Reads a scenario. With another number of sockets the senders keep their share of them, and a group of everyone stays
 * one; with another number of workspaces each keeps its sockets.
 */
export function loadScenario(name: string, changes: ScenarioChanges = {}): Scenario {
  const text = fs.readFileSync(new URL(`${name}.json`, folder), "utf8");
  const file = scenarioSchema.parse(JSON.parse(text));
  const workspaces = changes.workspaces ?? file.workspaces;
  const sockets = changes.sockets ?? (file.sockets / file.workspaces) * workspaces;
  const senders = file.sockets === 0 ? file.senders : Math.round((file.senders * sockets) / file.sockets);
  const scenario = scenarioSchema.safeParse({
    ...file,
    workspaces,
    sockets,
    senders,
    group_size: file.group_size === file.sockets ? sockets : file.group_size,
    seconds: changes.seconds ?? file.seconds,
    batch: changes.batch ?? file.batch,
    play: withMessages(file.play, name, changes.messages),
  });
  if (!scenario.success) throw new UsageError(`Out of bounds: ${z.prettifyError(scenario.error)}`);
  if (sockets % workspaces !== 0) throw new UsageError(`${sockets} sockets are not the same number per workspace.`);
  return scenario.data;
}

function withMessages(play: Scenario["play"], name: string, messages: number | undefined): Scenario["play"] {
  if (messages === undefined) return play;
  if (play.kind !== "history") throw new UsageError(`--messages means nothing to the scenario "${name}".`);
  return { ...play, messages };
}

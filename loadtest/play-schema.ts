import { z } from "zod";

/** The ways in which a scenario is played. One file each in `plays/`. */

const steady = z.object({ kind: z.literal("steady") });

/** Steady, and judged by whether memory stays where it is. */
const soak = z.object({
  kind: z.literal("soak"),
  /** Part of the run at its beginning that is left out: caches fill there. */
  warm_up_percent: z.number().min(0).max(80),
});

/** Sockets open in stages, with a look at the memory at each; then the traffic runs beside all of them. */
const connections = z.object({
  kind: z.literal("connections"),
  /** Numbers of sockets, rising; the scenario's own number is the last stage. */
  stages: z.array(z.number().int().min(0)),
  hold_seconds: z.number().min(0).max(600),
});

/** Everyone is in one group, and the rate of messages rises until deliveries are late. */
const fanout = z.object({
  kind: z.literal("fanout"),
  /** Messages per second of the first step, and by how much each next one is higher. */
  first_per_second: z.number().positive(),
  factor: z.number().gt(1),
  max_steps: z.number().int().min(1).max(100),
  /** `even`: a message every so many milliseconds, as throughput is usually measured; `random`: as a crowd writes, in bursts. */
  arrivals: z.enum(["even", "random"]),
  /** A step is good where the 95th percentile of its deliveries is below and all of them came. */
  p95_below_ms: z.number().positive(),
});

/** All sockets drop at one moment and come back with `resume`, while messages are sent. */
const reconnectStorm = z.object({
  kind: z.literal("reconnect-storm"),
  /** Seconds after the beginning of the measured part. */
  drop_at_second: z.number().min(0),
  /** Seconds over which the clients spread their first attempts. */
  spread_seconds: z.number().min(0).max(300),
  /** Seconds after which one that is not back counts as lost. */
  give_up_seconds: z.number().min(1).max(600),
});

/** A fixed number of sends in flight: the next one starts when one is answered. */
const sends = z.object({
  kind: z.literal("sends"),
  steps: z
    .array(
      z.object({
        name: z.string(),
        path: z.enum(["socket", "rest"]),
        in_flight: z.number().int().min(1).max(1_000),
      }),
    )
    .min(1),
});

/** Pages of a long channel: readers jump to a random message and walk from there into the past. */
const history = z.object({
  kind: z.literal("history"),
  /** Messages of the channel, which is made once by an import. */
  messages: z.number().int().min(1_000).max(2_000_000),
  /** Members with whose tokens the pages are read. */
  readers: z.number().int().min(1).max(1_000),
  /** Pages of one walk. */
  walk: z.number().int().min(1).max(1_000),
  steps: z.array(z.object({ name: z.string(), in_flight: z.number().int().min(1).max(1_000) })).min(1),
});

export const playSchema = z.discriminatedUnion("kind", [
  steady,
  soak,
  connections,
  fanout,
  reconnectStorm,
  sends,
  history,
]);
export type Play = z.infer<typeof playSchema>;
export type PlayOf<Kind extends Play["kind"]> = Extract<Play, { kind: Kind }>;

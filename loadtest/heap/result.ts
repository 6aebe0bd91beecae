import { z } from "zod";
import { round } from "../measure/numbers.ts";

/** Bytes of one isolate, and the memory of the whole process, at one moment. */
const stageSchema = z.object({
  /** Before anything was asked; with users and groups made; with sockets; evicted with its sockets kept; woken by a message. */
  name: z.enum(["idle", "prepared", "connected", "asleep", "woken"]),
  sockets: z.number().int(),
  /** Objects of JavaScript. */
  js_bytes: z.number(),
  /** What the run-time keeps for them in C++ and counts to the heap. */
  embedder_bytes: z.number(),
  /** Contents of array buffers. */
  buffer_bytes: z.number(),
  /** The run-time with everything in it, the sockets too; null without `/proc`. */
  process_rss_mb: z.number().nullable(),
});

const kindSchema = z.object({
  kind: z.string(),
  objects_per_socket: z.number(),
  bytes_per_socket: z.number(),
});

const serverSchema = z.object({
  setup: z.string(),
  stages: z.array(stageSchema),
  /** What there is more of between the first and the last stage with sockets, from heap snapshots. */
  kinds: z.array(kindSchema),
});

export const heapResultSchema = z.object({
  tool: z.literal("heap"),
  started_at: z.string(),
  environment: z.unknown(),
  bare: serverSchema,
  kabar: serverSchema,
  /** Kabar's figures less the bare object's. */
  over_bare: z.object({
    idle_js_mb: z.number(),
    idle_process_rss_mb: z.number().nullable(),
    js_bytes_per_socket: z.number(),
  }),
  targets: z.array(
    z.object({ name: z.string(), at_most: z.number(), measured: z.number().nullable(), met: z.boolean().nullable() }),
  ),
});

export type HeapResult = z.infer<typeof heapResultSchema>;
export type HeapStage = z.infer<typeof stageSchema>;
export type HeapKind = z.infer<typeof kindSchema>;
export type MeasuredServer = z.infer<typeof serverSchema>;

const MB = 1024 * 1024;
const IDLE_MB = 64;
const SOCKET_BYTES = 2_048;

/**
 * JavaScript bytes that each further socket adds: from the first stage with sockets to the last, so that what the first
 * ones bring once (compiled code) is not theirs. With one stage only, from when all is prepared.
 */
export function bytesPerSocket(stages: readonly HeapStage[]): number {
  const connected = stages.filter(({ name }) => name === "connected");
  const last = connected.at(-1);
  const first = connected.length > 1 ? connected[0] : stages.find(({ name }) => name === "prepared");
  if (first === undefined || last === undefined || last.sockets === first.sockets) return 0;
  return (last.js_bytes - first.js_bytes) / (last.sockets - first.sockets);
}

/** What Kabar takes beyond the bare object, beside the targets. */
export function judge(bare: MeasuredServer, kabar: MeasuredServer): Pick<HeapResult, "over_bare" | "targets"> {
  const [ours, theirs] = [kabar.stages[0], bare.stages[0]];
  const rss = difference(ours?.process_rss_mb, theirs?.process_rss_mb);
  const perSocket = round(bytesPerSocket(kabar.stages) - bytesPerSocket(bare.stages), 0);
  const js = round(((ours?.js_bytes ?? 0) - (theirs?.js_bytes ?? 0)) / MB, 1);
  const target = (name: string, at_most: number, measured: number | null) => ({
    name,
    at_most,
    measured,
    met: measured === null ? null : measured <= at_most,
  });
  return {
    over_bare: { idle_js_mb: js, idle_process_rss_mb: rss, js_bytes_per_socket: perSocket },
    targets: [
      target("process when idle, MB over the bare object", IDLE_MB, rss),
      target("JavaScript heap per socket, bytes over the bare object", SOCKET_BYTES, perSocket),
    ],
  };
}

function difference(ours: number | null | undefined, theirs: number | null | undefined): number | null {
  return typeof ours === "number" && typeof theirs === "number" ? round(ours - theirs, 1) : null;
}

import { z } from "zod";
import { median, round } from "../measure/numbers.ts";

const workerSchema = z.object({
  bytes: z.number().int(),
  gzip_bytes: z.number().int(),
  /** Of each round: milliseconds that the start kept the processor busy. */
  active_ms: z.array(z.number()),
});

export const startupResultSchema = z.object({
  tool: z.literal("startup"),
  started_at: z.string(),
  environment: z.unknown(),
  empty: workerSchema,
  kabar: workerSchema,
  targets: z.array(z.object({ name: z.string(), below: z.number(), measured: z.number(), met: z.boolean() })),
});

export type StartupResult = z.infer<typeof startupResultSchema>;
export type MeasuredWorker = z.infer<typeof workerSchema>;

const GZIP_KIB = 1_024;
const ACTIVE_MS = 100;

/** Medians beside the targets. */
export function judge(kabar: MeasuredWorker): StartupResult["targets"] {
  const target = (name: string, below: number, measured: number) => ({ name, below, measured, met: measured < below });
  return [
    target("bundle, KiB gzipped", GZIP_KIB, round(kabar.gzip_bytes / 1024, 0)),
    target("start-up, ms of processor", ACTIVE_MS, round(median(kabar.active_ms), 1)),
  ];
}

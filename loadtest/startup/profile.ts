import { z } from "zod";

/** What is read of V8's CPU profile. Times are microseconds. */
export const cpuProfileSchema = z.object({
  nodes: z.array(z.object({ id: z.number(), callFrame: z.object({ functionName: z.string() }) })),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

export type CpuProfile = z.infer<typeof cpuProfileSchema>;

/** Milliseconds that were not idle: compiling, running and collecting garbage, everything that a start-up is charged. */
export function activeMs({ nodes, samples, timeDeltas }: CpuProfile): number {
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === "(idle)").map(({ id }) => id));
  let microseconds = 0;
  for (const [index, node] of samples.entries()) if (!idle.has(node)) microseconds += timeDeltas[index] ?? 0;
  return microseconds / 1000;
}

import { parseArgs } from "node:util";
import { z } from "zod";
import { UsageError } from "../errors.ts";
import { allPeers, workNames } from "./registry.ts";

export const usage = `Usage: npm run peers -- [options]

  --work <a,b>    what is played: ${workNames().join(", ")} (default: fanout)
  --only <a,b>    servers that take part: ${allPeers()
    .map(({ name }) => name)
    .join(", ")} (default: all that are installed)
  --rounds <n>    times that all servers play each work, in alternation (default: 3)
  --seconds <n>   of the measured part, or of each step (default: fanout 5, steady 60, sends and history 10)
  --members <n>   of the group of "fanout", and of the groups of two of "sends" (default: 1000)
  --messages <n>  length of the channel of "history" (default: 100000)
  --sockets <n>   members at the last stage of "memory" (default: 9900, about what 20,000 descriptors allow)
  --out <folder>  where JSON and pictures go (default: loadtest/results)
`;

const whole = (most: number) => z.coerce.number().int().min(1).max(most);
const names = z
  .string()
  .transform((text) => text.split(",").map((name) => name.trim()))
  .pipe(z.array(z.string().min(1)).min(1));

const optionsSchema = z.object({
  work: names.default(["fanout"]),
  only: names.default([]),
  rounds: whole(100).default(3),
  seconds: whole(3_600).optional(),
  members: z.coerce.number().int().min(2).max(10_000).default(1_000),
  messages: z.coerce.number().int().min(1_000).max(2_000_000).default(100_000),
  sockets: z.coerce.number().int().min(2).max(10_000).default(9_900),
  out: z.string().optional(),
});
export type PeersOptions = z.infer<typeof optionsSchema>;

/**
 * Reads the command line; undefined where help was asked for.
 *
 * @throws UsageError for what is no option, or out of its bounds
 */
export function readPeersOptions(args: string[]): PeersOptions | undefined {
  const { help, ...values } = parse(args);
  if (help === true) return undefined;
  const read = optionsSchema.safeParse(values);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new UsageError(`--${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}

function parse(args: string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args,
      options: {
        work: text,
        only: text,
        rounds: text,
        seconds: text,
        members: text,
        messages: text,
        sockets: text,
        out: text,
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

import { parseArgs } from "node:util";
import { z } from "zod";
import { UsageError } from "./errors.ts";
import { scenarioNames } from "./scenario.ts";

/** What the command line asks for. */
export interface Options {
  scenario: string;
  seconds?: number;
  sockets?: number;
  baseUrl?: string;
  out?: string;
  allowRemote: boolean;
}

export const usage = `Usage: npm run load -- <scenario> [options]

Scenarios: ${scenarioNames().join(", ")}

  --seconds <n>     length of the measured part, after the ramp
  --sockets <n>     sockets, one user each; the senders keep their share
  --base-url <url>  server to load (default: the running local stack, from .kabar/dev.json)
  --out <file>      where the JSON summary goes (default: loadtest/results/<scenario>-<date>.json)
  --allow-remote    permit a target that is not on this machine: your own deployment only

Environment: KABAR_BASE_URL, KABAR_API_KEY and KABAR_API_SECRET replace what .kabar/dev.json says.
`;

const wholeNumber = z.coerce.number({ error: "must be a number" }).int().min(1).optional();

/** Reads the command line; undefined where help was asked for. */
export function readOptions(args: string[]): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  const [scenario, ...rest] = positionals;
  if (scenario === undefined || rest.length > 0) throw new UsageError("Name exactly one scenario.");
  if (!scenarioNames().includes(scenario)) throw new UsageError(`There is no scenario "${scenario}".`);
  const seconds = wholeNumber.safeParse(values.seconds);
  const sockets = wholeNumber.safeParse(values.sockets);
  if (!seconds.success) throw new UsageError("--seconds must be a whole number from 1.");
  if (!sockets.success) throw new UsageError("--sockets must be a whole number from 1.");
  return {
    scenario,
    seconds: seconds.data,
    sockets: sockets.data,
    baseUrl: values["base-url"],
    out: values.out,
    allowRemote: values["allow-remote"] === true,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        seconds: { type: "string" },
        sockets: { type: "string" },
        "base-url": { type: "string" },
        out: { type: "string" },
        "allow-remote": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

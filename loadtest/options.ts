import fs from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { UsageError } from "./errors.ts";
import { scenarioNames } from "./scenario.ts";

/** What the command line asks for. */
export interface Options {
  scenario: string;
  seconds?: number;
  sockets?: number;
  workspaces?: number;
  messages?: number;
  batch?: boolean;
  baseUrl?: string;
  out?: string;
  allowRemote: boolean;
}

export const usage = `Usage: npm run load -- <scenario> [options]
       npm run load -- compare <A.json> <B.json>
       npm run load -- draw <file.json> [more.json]

Scenarios: ${scenarioNames().join(", ")}

  --seconds <n>     length of the measured part, after the ramp; of each step, where there are steps
  --sockets <n>     sockets, one user each; the senders keep their share
  --workspaces <n>  workspaces, each with the sockets that the scenario gives it (local stack only)
  --messages <n>    length of the channel of "history"
  --batch           open the sockets with ?batch=1
  --base-url <url>  server to load (default: the running local stack, from .kabar/dev.json)
  --out <file>      where the JSON summary goes (default: loadtest/results/<scenario>-<date>.json)
  --allow-remote    permit a target that is not on this machine: your own deployment only

Environment: KABAR_BASE_URL, KABAR_API_KEY and KABAR_API_SECRET replace what .kabar/dev.json says; KABAR_DATA_DIR names
the folder of another local stack.
`;

const wholeNumber = z.coerce.number({ error: "must be a number" }).int().min(1).optional();

/** Reads the command line; undefined where help was asked for. */
export function readOptions(args: string[]): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  const [scenario, ...rest] = positionals;
  if (scenario === undefined || rest.length > 0) throw new UsageError("Name exactly one scenario.");
  if (!scenarioNames().includes(scenario)) throw new UsageError(`There is no scenario "${scenario}".`);
  // Found out after the run, it would cost the run.
  if (values.out !== undefined && fs.statSync(values.out, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError("--out names a file, and this is a folder.");
  }
  return {
    scenario,
    seconds: readNumber("seconds", values.seconds),
    sockets: readNumber("sockets", values.sockets),
    workspaces: readNumber("workspaces", values.workspaces),
    messages: readNumber("messages", values.messages),
    batch: values.batch,
    baseUrl: values["base-url"],
    out: values.out,
    allowRemote: values["allow-remote"] === true,
  };
}

function readNumber(name: string, text: string | undefined): number | undefined {
  const read = wholeNumber.safeParse(text);
  if (!read.success) throw new UsageError(`--${name} must be a whole number from 1.`);
  return read.data;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        seconds: { type: "string" },
        sockets: { type: "string" },
        workspaces: { type: "string" },
        messages: { type: "string" },
        batch: { type: "boolean" },
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

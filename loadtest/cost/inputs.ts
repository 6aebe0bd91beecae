import { parseArgs } from "node:util";
import { UsageError } from "../errors.ts";

/** Whose month is reckoned: every figure is per user and day where its name does not say otherwise. */
export const INPUTS = {
  users: { default: 10_000, help: "users who are active on a day" },
  "users-per-workspace": { default: 200, help: "users of one workspace, which is one object" },
  "messages-per-day": { default: 40, help: "messages that a user sends" },
  "rest-share": { default: 0.1, help: "share of the messages that go over REST" },
  "hours-per-day": { default: 10, help: "hours into which the day's messages fall" },
  "connects-per-day": { default: 10, help: "sockets that a user opens" },
  "connected-hours": { default: 8, help: "hours with an open socket" },
  "pages-per-day": { default: 20, help: "pages of history that a user reads" },
  "requests-per-day": { default: 20, help: "other REST requests: channel lists, unread counts, tokens" },
  "receipts-per-day": { default: 60, help: "read or delivered cursors that a user moves" },
  "reactions-per-day": { default: 5, help: "reactions, edits and the like" },
  "signals-per-day": { default: 100, help: "typing and presence frames" },
  "files-per-day": { default: 0.5, help: "files that a user uploads" },
  "file-kb": { default: 500, help: "size of a file in kB" },
  "views-per-file": { default: 10, help: "times that a file is fetched" },
  "message-chars": { default: 100, help: "characters of a message" },
  "months-kept": { default: 12, help: "months of messages and files that are kept" },
} as const;

export type InputName = keyof typeof INPUTS;
export type Inputs = Record<InputName, number>;

export interface CostOptions {
  inputs: Inputs;
  json: boolean;
}

export const usage = `Usage: npm run cost -- [options]

${Object.entries(INPUTS)
  .map(([name, { default: value, help }]) => `  --${`${name} <n>`.padEnd(26)}${help} (${value})`)
  .join("\n")}
  --${"json".padEnd(26)}print JSON
`;

/** Reads the command line; undefined where help was asked for. @throws UsageError */
export function readInputs(args: string[]): CostOptions | undefined {
  const { values } = parse(args);
  if (values.help === true) return undefined;
  const given: Record<string, string | boolean | undefined> = values;
  const names = Object.keys(INPUTS) as InputName[];
  const inputs = Object.fromEntries(names.map((name) => [name, readNumber(name, given[name])])) as Inputs;
  if (inputs["rest-share"] > 1) throw new UsageError("--rest-share must be from 0 to 1.");
  if (inputs["hours-per-day"] > 24 || inputs["hours-per-day"] === 0) {
    throw new UsageError("--hours-per-day must be above 0 and at most 24.");
  }
  if (inputs["users-per-workspace"] === 0) throw new UsageError("--users-per-workspace must be above 0.");
  return { inputs, json: values.json === true };
}

function readNumber(name: InputName, text: string | boolean | undefined): number {
  const value = text === undefined ? INPUTS[name].default : Number(text);
  if (text === "" || !Number.isFinite(value) || value < 0) throw new UsageError(`--${name} must be a number from 0.`);
  return value;
}

function parse(args: string[]) {
  const inputs = Object.fromEntries(Object.keys(INPUTS).map((name) => [name, { type: "string" as const }]));
  try {
    return parseArgs({
      args,
      options: { ...inputs, json: { type: "boolean" as const }, help: { type: "boolean" as const, short: "h" } },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

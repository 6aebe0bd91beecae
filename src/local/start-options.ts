import path from "node:path";
import { parseArgs } from "node:util";
import { messageOf, StackError } from "./errors.ts";
import { projectRoot } from "./root.ts";

export interface StartOptions {
  dataDir: string;
  port: number;
  verbose: boolean;
}

export const USAGE = "npm start -- [--port <number>] [--data <folder>] [--verbose]";

/** Reads the command line and the environment of `npm start`. */
export function startOptions(argv: string[], env: NodeJS.ProcessEnv): StartOptions {
  const flags = parse(argv);
  const port = Number(flags.port ?? env.PORT ?? 8787);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new StackError(`${flags.port ?? env.PORT} is no port: give a number from 1 to 65535.`);
  }
  const dataDir = path.resolve(projectRoot, flags.data ?? env.KABAR_DATA_DIR ?? ".kabar");
  return { dataDir, port, verbose: flags.verbose ?? false };
}

function parse(args: string[]): { port?: string; data?: string; verbose?: boolean } {
  try {
    return parseArgs({
      args,
      options: { port: { type: "string" }, data: { type: "string" }, verbose: { type: "boolean" } },
    }).values;
  } catch (error) {
    throw new StackError(`${messageOf(error)} Usage: ${USAGE}`);
  }
}

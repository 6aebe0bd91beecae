import path from "node:path";
import { parseArgs } from "node:util";
import { messageOf, StackError } from "./errors.ts";
import { projectRoot } from "./root.ts";

export interface StartOptions {
  dataDir: string;
  port: number;
  /** False leaves out the demo page and the server of the web files. */
  web: boolean;
  verbose: boolean;
}

export const USAGE = "npm start -- [--port <number>] [--data <folder>] [--no-web] [--verbose]";

/** Reads the command line and the environment of `npm start`. */
export function startOptions(argv: string[], env: NodeJS.ProcessEnv): StartOptions {
  const flags = parse(argv);
  const port = Number(flags.port ?? env.PORT ?? 8787);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new StackError(`${flags.port ?? env.PORT} is no port: give a number from 1 to 65535.`);
  }
  const dataDir = path.resolve(projectRoot, flags.data ?? env.KABAR_DATA_DIR ?? ".kabar");
  return { dataDir, port, web: !flags["no-web"], verbose: flags.verbose ?? false };
}

function parse(args: string[]): { port?: string; data?: string; "no-web"?: boolean; verbose?: boolean } {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: "string" },
        data: { type: "string" },
        "no-web": { type: "boolean" },
        verbose: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new StackError(`${messageOf(error)} Usage: ${USAGE}`);
  }
}

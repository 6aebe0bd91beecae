import { LoadError, UsageError } from "./errors.ts";

/** Runs a command of the load tool and sets the process's exit code: that of `main`, 2 for a wrong call, 1 for any other failure. */
export async function runCommand(main: (args: string[]) => Promise<number>, usage: string): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
    else console.error(error instanceof LoadError ? error.message : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

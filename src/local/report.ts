import { messageOf, StackError } from "./errors.ts";

/** Prints why a command failed and ends with 1: one line for what the reader can act on, the stack for a defect. */
export function reportAndExit(error: unknown): never {
  if (error instanceof StackError) console.error(`kabar: ${error.message}`);
  else console.error(error instanceof Error ? (error.stack ?? error.message) : `kabar: ${messageOf(error)}`);
  process.exit(1);
}

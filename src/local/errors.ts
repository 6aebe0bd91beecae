/** A failure that the reader can act on: its message is one clear line, printed without a stack. */
export class StackError extends Error {
  override readonly name = "StackError";
}

/** The message of anything that was thrown, on one line. */
export function messageOf(error: unknown): string {
  // An AggregateError of "connection refused" on several addresses has an empty message of its own.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, " ").trim();
}

/** The `code` of a system or SQL error, if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

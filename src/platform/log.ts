/** Structured lines, one JSON object each, for Workers Logs. Never pass secrets, tokens or message content. */
export function logEvent(level: "info" | "warn" | "error", event: string, fields: Record<string, unknown> = {}): void {
  const line = JSON.stringify({ level, event, ...fields });
  if (level === "error") console.error(line);
  else if (level === "warn") console.warn(line);
  else console.log(line);
}

/** An error as fields of a log line: its chain of causes, no stack of the database driver's internals. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const cause = error.cause === undefined || error.cause === null ? {} : { cause: describeError(error.cause) };
  return { error: `${error.name}: ${error.message}`, stack: error.stack?.split("\n").slice(1, 6).join("\n"), ...cause };
}

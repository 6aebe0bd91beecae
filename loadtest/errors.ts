/** The reader can act on it: the message alone is printed, without a stack. */
export class LoadError extends Error {
  override readonly name: string = "LoadError";
}

/** The command line or the surroundings are wrong. */
export class UsageError extends LoadError {
  override readonly name = "UsageError";
}

/** The `code` of a system error such as `ECONNRESET`, or the given text where there is none. */
export function systemCode(error: unknown, otherwise: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : otherwise;
}

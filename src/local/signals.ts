const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs something that installs signal handlers and takes them away again. miniflare's end the process at once, before
 * the stack has stopped Postgres and Redis in order.
 */
export function withoutSignalHandlers<T>(run: () => T): T {
  const before = SIGNALS.map((signal) => process.listeners(signal));
  const result = run();
  SIGNALS.forEach((signal, index) => {
    for (const listener of process.listeners(signal)) {
      if (!before[index]?.includes(listener)) process.removeListener(signal, listener);
    }
  });
  return result;
}

/** For the servers of the comparison: ends this process in order on SIGTERM, and when the one that started it is gone. */
export function stopWithParent(stop: () => Promise<void> | void): void {
  let stopping = false;
  const end = async () => {
    if (stopping) return;
    stopping = true;
    await stop();
    process.exit(0);
  };
  process.on("SIGTERM", () => void end());
  // Ctrl-C reaches the whole group; the parent ends us when it has said its word.
  process.on("SIGINT", () => {});
  process.stdin.resume().on("end", () => void end());
}

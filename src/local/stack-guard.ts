import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { projectRoot } from "./root.ts";

/**
 * Starts a tiny shell script that outlives this process by a moment: when this process is killed it stops what the
 * stack started, so that nothing stays behind. Returns how to end the guard at an orderly stop.
 */
export function startGuard(dataDir: string): () => Promise<void> {
  if (process.platform === "win32") return async () => {};
  const script = path.join(projectRoot, "src/local/stack-guard.sh");
  const guard: ChildProcess = spawn("/bin/sh", [script, dataDir, String(process.pid)], {
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore"],
    // Its own session: a Ctrl-C in the terminal must not end it first.
    detached: true,
  });
  guard.on("error", () => {});
  guard.stdin?.on("error", () => {});
  guard.unref();
  // The pipe must not keep this process alive either.
  const { stdin } = guard;
  if (stdin && "unref" in stdin && typeof stdin.unref === "function") stdin.unref();
  return async () => {
    // Killed, not let go: it would read the pid files, which may be those of this process's next stack by then.
    if (guard.exitCode !== null || guard.pid === undefined) return;
    await new Promise<void>((resolve) => {
      guard.ref();
      guard.once("exit", () => resolve());
      guard.kill("SIGKILL");
    });
    guard.stdin?.destroy();
  };
}

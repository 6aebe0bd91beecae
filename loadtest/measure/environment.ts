import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import os from "node:os";
import type { Environment } from "../summary.ts";

/** The machine and the versions that a figure depends on. What a server elsewhere runs on is not known here. */
export function readEnvironment(serverIsHere: boolean): Environment {
  return {
    cpu_model: os.cpus()[0]?.model ?? "unknown",
    cores: os.availableParallelism(),
    memory_mb: Math.round(os.totalmem() / 1024 / 1024),
    platform: `${os.platform()} ${os.arch()}`,
    kernel: os.release(),
    node: process.version,
    workerd: serverIsHere ? packageVersion("workerd") : null,
    commit: gitCommit(),
  };
}

function packageVersion(name: string): string | null {
  try {
    const manifest: unknown = createRequire(import.meta.url)(`${name}/package.json`);
    if (typeof manifest !== "object" || manifest === null || !("version" in manifest)) return null;
    return typeof manifest.version === "string" ? manifest.version : null;
  } catch {
    return null;
  }
}

/** Short hash, with `+` where files were changed since; null outside a repository. */
function gitCommit(): string | null {
  const git = (...args: string[]) =>
    execFileSync("git", args, {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${changed ? "+" : ""}`;
  } catch {
    return null;
  }
}

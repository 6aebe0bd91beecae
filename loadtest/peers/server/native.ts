import fs from "node:fs";
import path from "node:path";
import { ServerProcess } from "./child.ts";

/** Where Debian puts servers; an ordinary user's `PATH` lacks the last two. */
const FOLDERS = ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/usr/local/sbin"];

/**
 * `exec` keeps the process id, so it is the server's own that is measured and ended. As many descriptors as are permitted,
 * and the kernel ends the server where this process is killed before it could.
 */
const RUN =
  'ulimit -n "$(ulimit -Hn)"; if command -v setpriv >/dev/null; then set -- setpriv --pdeathsig TERM "$@"; fi; exec "$@"';

/** Whole path of an installed program; undefined where there is none. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), ...FOLDERS];
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

/**
 * Starts an installed program and waits until it is ready.
 *
 * @throws LoadError with what it said last, where it ended or took too long
 */
export function startProgram(options: {
  program: string;
  args: readonly string[];
  env?: Record<string, string>;
  isReady(): boolean | Promise<boolean>;
  timeoutMs: number;
}): Promise<ServerProcess> {
  const { program, args, ...rest } = options;
  return ServerProcess.start({ ...rest, command: "/bin/sh", args: ["-c", RUN, "sh", program, ...args] });
}

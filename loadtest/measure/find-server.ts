import fs from "node:fs";

/**
 * Finds the process that listens on a local port, by `/proc`. Where several share the socket (a parent that handed
 * it down), workerd is the one that we mean. Undefined where there is none, or no `/proc`.
 */
export function findListener(port: number): number | undefined {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return undefined;
  const owners = processIds().filter((pid) => holdsOneOf(pid, inodes));
  return owners.find((pid) => nameOf(pid) === "workerd") ?? owners[0];
}

/** Inodes of the sockets that listen on a port. */
function listeningInodes(port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const found = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readLines(table)) {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === "0A" && local.endsWith(suffix) && inode !== undefined) found.add(`socket:[${inode}]`);
    }
  }
  return found;
}

function processIds(): number[] {
  try {
    return fs
      .readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function holdsOneOf(pid: number, sockets: Set<string>): boolean {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return sockets.has(fs.readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}

function nameOf(pid: number): string {
  return readLines(`/proc/${pid}/comm`)[0] ?? "";
}

function readLines(path: string): string[] {
  try {
    return fs.readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}

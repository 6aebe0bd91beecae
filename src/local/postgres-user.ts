import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { messageOf, StackError } from "./errors.ts";

/** User that Postgres runs as; undefined means the user of this process. */
export interface SystemUser {
  uid: number;
  gid: number;
}

/** Folder for what that user must reach, when the project is somewhere that it cannot enter (for example /root). */
const SHARED_FOLDER = "/var/lib/kabar";

/**
 * Postgres refuses to run as root. Then it runs as the system's `postgres` user, who is made if there is none, or as
 * `nobody` where users cannot be made.
 */
export function postgresUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const existing = lookUp("postgres");
  if (existing) return existing;
  try {
    execFileSync("useradd", ["--system", "--user-group", "--no-create-home", "postgres"], { stdio: "pipe" });
  } catch {
    // No useradd here, or a read-only system.
  }
  const user = lookUp("postgres") ?? lookUp("nobody");
  if (!user)
    throw new StackError("Postgres cannot run as root and there is no user for it: run npm start as another user.");
  return user;
}

/** True if this user can walk down to the file or folder: every folder above it must let him through. */
export function canReach(target: string, user: SystemUser): boolean {
  for (let folder = path.dirname(path.resolve(target)); ; folder = path.dirname(folder)) {
    if (fs.existsSync(folder)) {
      const { mode, uid, gid } = fs.statSync(folder);
      const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
      if ((mode & bit) === 0) return false;
    }
    if (folder === path.dirname(folder)) return true;
  }
}

/** Folder below /var/lib that only root can change, for a cluster or binaries that must be reachable by others. */
export function sharedFolder(name: string): string {
  const folder = path.join(SHARED_FOLDER, name);
  try {
    fs.mkdirSync(SHARED_FOLDER, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new StackError(`Postgres needs a folder outside of ${process.cwd()} that it can enter: ${messageOf(error)}`);
  }
  return folder;
}

function lookUp(name: string): SystemUser | undefined {
  try {
    const number = (flag: string): number =>
      Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe" }));
    return { uid: number("-u"), gid: number("-g") };
  } catch {
    return undefined;
  }
}

import { LIMITS } from "../../src/protocol/limits.ts";
import type { Connection } from "./connection.ts";

const NONE: ReadonlySet<Connection> = new Set();

/** A socket is checked again at the earliest this long after an alarm, so that thousands of deadlines share few wakes. */
const CHECK_SPACING_MS = 10_000;

/** The open connections of a workspace, by user. */
export class Connections {
  readonly byUser = new Map<string, Set<Connection>>();
  /** Called with a user's last connection once it is removed. */
  onLast: ((connection: Connection) => void) | undefined;
  /** Called after a connection has come or gone. */
  onChange: (() => void) | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get userCount(): number {
    return this.byUser.size;
  }

  of(userId: string): ReadonlySet<Connection> {
    return this.byUser.get(userId) ?? NONE;
  }

  add(connection: Connection): void {
    const own = this.byUser.get(connection.userId);
    if (own === undefined) this.byUser.set(connection.userId, new Set([connection]));
    else own.add(connection);
    this.#size++;
    this.onChange?.();
  }

  remove(connection: Connection): void {
    const own = this.byUser.get(connection.userId);
    if (!own?.delete(connection)) return;
    this.#size--;
    if (own.size === 0) this.byUser.delete(connection.userId);
    this.onChange?.();
    if (own.size === 0) this.onLast?.(connection);
  }

  /** Closes connections that have been silent too long or whose token has expired. */
  closeOverdue(now: number): void {
    for (const connection of [...this.#all()]) {
      const expired = connection.state.tokenExpiresAt <= now;
      if (!expired && connection.lastHeard() + LIMITS.silenceSeconds * 1000 > now) continue;
      connection.close(expired ? "TOKEN_EXPIRED" : "SILENCE");
      this.remove(connection);
    }
  }

  /** Unix milliseconds of the next check, undefined without connections. */
  nextCheck(now: number): number | undefined {
    let earliest: number | undefined;
    for (const connection of this.#all()) {
      const silent = connection.lastHeard() + LIMITS.silenceSeconds * 1000;
      const due = Math.min(silent, connection.state.tokenExpiresAt);
      if (earliest === undefined || due < earliest) earliest = due;
    }
    return earliest === undefined ? undefined : Math.max(earliest, now + CHECK_SPACING_MS);
  }

  /** Makes room for one more connection of a user; false where all of the allowed ones are alive. */
  makeRoom(userId: string, now: number): boolean {
    const own = this.of(userId);
    if (own.size < LIMITS.connectionsPerUser) return true;
    // A phone that changes networks leaves half-open sockets behind: those missed a ping.
    for (const connection of [...own]) {
      if (now - connection.lastHeard() <= LIMITS.heartbeatSeconds * 1500) continue;
      connection.close("SILENCE");
      this.remove(connection);
    }
    return this.of(userId).size < LIMITS.connectionsPerUser;
  }

  *#all(): Generator<Connection> {
    for (const own of this.byUser.values()) yield* own;
  }
}

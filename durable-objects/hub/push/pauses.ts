import { backOff } from "../../../src/domain/back-off.ts";
import type { HubRuntime, HubSql } from "../storage.ts";

interface Pause {
  /** Failures since the last success. */
  failures: number;
  /** Unix milliseconds before which nothing is sent. */
  until: number;
}

/** Pauses of a device and of a whole push service, in milliseconds. */
const DEVICE_BASE_MS = 5_000;
const LANE_BASE_MS = 2_000;
const CAP_MS = 15 * 60_000;
/** So many devices that fail without a success between them are the service's trouble, not their own. */
const LANE_FAILURES = 3;

/** What of a push matters here. */
export interface PushTarget {
  lane: string;
  token: string;
}

/**
 * Who does not take pushes now: single devices, and whole push services (lanes). Kept in the object's SQLite, so that a
 * pause outlives hibernation. The two share a table, told apart by a prefix.
 */
export class PushPauses {
  readonly #sql: HubSql;
  readonly #runtime: HubRuntime;
  readonly #pauses: Map<string, Pause>;
  /** Lane → devices that failed since its last success. */
  readonly #failing = new Map<string, Set<string>>();

  constructor(sql: HubSql, runtime: HubRuntime) {
    this.#sql = sql;
    this.#runtime = runtime;
    const rows = sql.all<Pause & { key: string }>(`SELECT key, failures, until FROM push_pauses`);
    this.#pauses = new Map(rows.map(({ key, ...pause }) => [key, pause]));
  }

  /** Unix milliseconds from which on the target is served, 0 for at once. */
  until({ lane, token }: PushTarget): number {
    return Math.max(this.#pauses.get(laneKey(lane))?.until ?? 0, this.#pauses.get(deviceKey(token))?.until ?? 0);
  }

  /**
   * @param pauseMs how long the service asked to wait, where it did
   * @param isService true where it spoke for all of its devices
   */
  failed({ lane, token }: PushTarget, pauseMs: number, isService: boolean): void {
    this.#lengthen(deviceKey(token), DEVICE_BASE_MS, pauseMs);
    const failing = this.#failing.get(lane) ?? new Set();
    this.#failing.set(lane, failing.add(token));
    // One that has not served since its last pause is not given three more tries.
    const isDown = failing.size >= LANE_FAILURES || this.#pauses.has(laneKey(lane));
    if (isService || isDown) this.#lengthen(laneKey(lane), LANE_BASE_MS, pauseMs);
  }

  served({ lane, token }: PushTarget): void {
    this.#failing.delete(lane);
    for (const key of [laneKey(lane), deviceKey(token)]) {
      if (this.#pauses.delete(key)) this.#sql.run(`DELETE FROM push_pauses WHERE key = ?`, key);
    }
  }

  #lengthen(key: string, baseMs: number, pauseMs: number): void {
    const now = this.#runtime.now();
    const known = this.#pauses.get(key);
    // Attempts that ran beside each other count as one failure.
    const failures = (known?.failures ?? 0) + (known !== undefined && known.until > now ? 0 : 1);
    const own = backOff(failures, baseMs, CAP_MS, this.#runtime.random());
    const pause = { failures, until: Math.max(known?.until ?? 0, now + Math.max(own, pauseMs)) };
    this.#pauses.set(key, pause);
    this.#sql.run(
      `INSERT OR REPLACE INTO push_pauses (key, failures, until) VALUES (?, ?, ?)`,
      key,
      pause.failures,
      pause.until,
    );
  }
}

const laneKey = (lane: string) => `lane ${lane}`;
const deviceKey = (token: string) => `device ${token}`;

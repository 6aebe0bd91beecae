export type SqlValue = string | number | ArrayBuffer | null;

/** The part of an object's SQLite that the hub uses; in tests it is another SQLite. */
export interface HubSql {
  all<Row>(query: string, ...params: SqlValue[]): Row[];
  run(query: string, ...params: SqlValue[]): void;
  /** Runs `work` so that either all of its writes stay or none. */
  transaction<Result>(work: () => Result): Result;
}

/** What the hub takes from its surroundings, so that tests bring their own time. */
export interface HubRuntime {
  /** Unix milliseconds. */
  now(): number;
  /** Calls `work` after `ms`. At most 250 ms: a pending timer keeps the object from hibernating. */
  defer(ms: number, work: () => void): void;
  /** Wakes the object at `at` (unix milliseconds), replacing an earlier wish. */
  setAlarm(at: number): void;
  /** Resolves when everything that has been written is on disk. */
  durable(): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
  log(level: "info" | "warn" | "error", event: string, fields?: Record<string, unknown>): void;
}

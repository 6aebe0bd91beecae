/** What a virtual user and the side that does its input and output tell each other. */

export interface HttpCall {
  method: string;
  url: string;
  body: string | null;
  headers: Record<string, string>;
}

export interface HttpAnswer {
  /** 0 where nothing answered. */
  status: number;
  /** Names as Go's HTTP library spells them, which is k6's. */
  headers: Record<string, string>;
  body: string;
  durationMs: number;
}

/** One iteration of an exported function. */
export interface Iteration {
  exec: string;
  data: unknown;
  iterationInTest: number;
}

export type FromUser =
  | { kind: "loaded"; options: unknown }
  | { kind: "http"; calls: HttpCall[] }
  | { kind: "open"; url: string; protocol: string }
  | { kind: "send"; text: string }
  | { kind: "close" }
  | { kind: "metric"; name: string; value: number }
  | { kind: "done"; value: unknown; error: string | undefined };

export type ToUser =
  | { kind: "run"; iteration: Iteration }
  | { kind: "answers"; answers: HttpAnswer[] }
  | { kind: "opened" }
  | { kind: "text"; text: string }
  | { kind: "closed" };

/** What a virtual user's thread is given. */
export interface UserData {
  port: import("node:worker_threads").MessagePort;
  /** Counts what was posted, so that the thread can wait for the next one. */
  signal: SharedArrayBuffer;
  /** The script with what it imports, as one module. */
  module: string;
  /** Folder of the script: what it opens is named from there. */
  folder: string;
  env: Record<string, string>;
  /** k6's `__VU`. */
  number: number;
}

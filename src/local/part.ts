import type { StateFile } from "./state.ts";

/** Settings by name, from the environment and the caller. */
export type Env = Readonly<Record<string, string | undefined>>;

/** What every part of the stack is made from. */
export interface PartContext {
  dataDir: string;
  state: StateFile;
  env: Env;
  log: (line: string) => void;
}

/** Something that can be taken away and brought back, as an outage would. */
export interface Outage {
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** One dependency of the Worker: local or a replacement, with the variables that tell the Worker about it. */
export interface Part extends Outage {
  readonly vars: Record<string, string>;
  /** Ends it with its door, at the end of the stack. */
  close(): Promise<void>;
}

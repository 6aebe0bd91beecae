import type { Reply } from "./resp-parser.ts";

/** Something that runs Redis commands and returns raw replies. */
export interface RedisEngine {
  /** Runs one command; an error reply is returned, only a lost connection throws. */
  call(command: readonly string[]): Promise<Reply>;
  /** Runs commands as one MULTI/EXEC transaction; one reply each, or an error reply for all. */
  transaction(commands: readonly (readonly string[])[]): Promise<Reply>;
  close(): Promise<void>;
}

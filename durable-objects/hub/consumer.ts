import type { JournalEvent } from "./journal-rows.ts";

/**
 * An effect of the journal on the world outside: webhooks, push. Each keeps its own place (and its retries) in the hub's
 * SQLite, so that an eviction loses nothing; work is done at least once.
 */
export interface JournalConsumer {
  readonly name: string;
  /** A new event was appended; called after its transaction. Cheap: note it, or ask for `run` soon. */
  appended(event: JournalEvent): void;
  /** Unix milliseconds at which an alarm must call `run`; undefined where nothing waits. */
  nextAttempt(now: number): number | undefined;
  /** Does what is due. Never throws. May be called at any time, also twice at once. */
  run(): Promise<void>;
  /** Journal seq up to which this consumer needs no event any more: trimming stops there. */
  doneThrough(): number;
}

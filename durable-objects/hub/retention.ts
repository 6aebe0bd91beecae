import type { RetentionStore } from "../../src/domain/hub-ports.ts";
import type { JournalConsumer } from "./consumer.ts";
import type { FileRemoval } from "./file-removal.ts";
import type { MessageLookup } from "./message-lookup.ts";
import type { SettingsStore } from "./settings-store.ts";
import type { HubRuntime, HubSql } from "./storage.ts";

const DAY_MS = 24 * 3_600_000;
/** Messages that one run ends; while there are more, the next run comes soon. */
const MESSAGES_PER_RUN = 500;
const MORE_AFTER_MS = 1_000;
const NEXT_AFTER_MS = 3_600_000;
const RETRY_AFTER_MS = 60_000;

export interface RetentionParts {
  sql: HubSql;
  runtime: HubRuntime;
  settings: SettingsStore;
  lookup: MessageLookup;
  store: RetentionStore;
  files: FileRemoval | undefined;
  /** Messages of these channels go, or have gone. */
  onExpired(channelIds: ReadonlySet<string>): void;
  onSchedule(): void;
}

/**
 * Ends messages that are older than the workspace keeps them: their rows and their files go for good, and history begins
 * after them. The hub trims its journal by the same age.
 */
export class Retention implements JournalConsumer {
  readonly name = "retention";
  readonly #parts: RetentionParts;
  #nextAt: number;
  #running: Promise<void> | undefined;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
    this.#nextAt = parts.sql.all<{ next_at: number }>(`SELECT next_at FROM retention`)[0]?.next_at ?? 0;
  }

  /** Milliseconds that the workspace keeps messages; undefined for ever. */
  get keepMs(): number | undefined {
    const { retention_days: days } = this.#parts.settings.current;
    return days === null ? undefined : days * DAY_MS;
  }

  /** The settings may say something else now. */
  restart(): void {
    this.#schedule(this.#parts.runtime.now());
    this.#parts.onSchedule();
  }

  appended(): void {}

  nextAttempt(): number | undefined {
    return this.keepMs === undefined ? undefined : this.#nextAt;
  }

  doneThrough(): number {
    return Number.POSITIVE_INFINITY;
  }

  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { keepMs } = this;
    const { sql, runtime, lookup, store, files, onExpired } = this.#parts;
    if (keepMs === undefined || this.#nextAt > runtime.now()) return;
    const before = new Date(runtime.now() - keepMs).toISOString();
    try {
      // A change of such a message would bring it back to Postgres.
      lookup.forgetBefore(before);
      const expired = await store.expired(before, MESSAGES_PER_RUN);
      // On the list first: were the rows gone before, an interruption would leave files that nobody knows.
      sql.transaction(() => {
        for (const { attachment_url: url } of expired) files?.add(url, null);
      });
      if (expired.length > 0) {
        const channelIds = new Set(expired.map((message) => message.channel_id));
        // Before, so that an interruption leaves no copy that was there; and after, as some may have been made meanwhile.
        onExpired(channelIds);
        await store.remove(expired.map(({ id }) => id)).finally(() => onExpired(channelIds));
      }
      this.#schedule(runtime.now() + (expired.length === MESSAGES_PER_RUN ? MORE_AFTER_MS : NEXT_AFTER_MS));
    } catch (error) {
      runtime.log("warn", "retention.failed", { error: String(error) });
      this.#schedule(runtime.now() + RETRY_AFTER_MS);
    }
  }

  #schedule(at: number): void {
    this.#parts.sql.run(
      `INSERT INTO retention (id, next_at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET next_at = excluded.next_at`,
      at,
    );
    this.#nextAt = at;
  }
}

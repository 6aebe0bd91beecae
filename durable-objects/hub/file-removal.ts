import { backOff } from "../../src/domain/back-off.ts";
import type { FileStore } from "../../src/domain/hub-ports.ts";
import type { JournalConsumer } from "./consumer.ts";
import type { Journal } from "./journal.ts";
import type { HubRuntime, HubSql } from "./storage.ts";

const FILES_PER_RUN = 20;
/** The message is gone from Postgres first; that takes a moment. */
const FIRST_AFTER_MS = 1_000;
const BACK_OFF_BASE_MS = 10_000;
const BACK_OFF_CAP_MS = 3_600_000;

interface FileRow {
  url: string;
  failures: number;
}

export interface FileRemovalParts {
  sql: HubSql;
  runtime: HubRuntime;
  files: FileStore;
  journal: Journal;
  /** True once Postgres has everything that had happened by the call. */
  settle(): Promise<boolean>;
  /** Asks for the hub's alarm to be set anew. */
  onSchedule(): void;
}

/**
 * Removes files from the object store whose messages were unsent, erased or outlived. Each is kept in a list until the store
 * has confirmed, however long that takes; one that another message still shows stays.
 */
export class FileRemoval implements JournalConsumer {
  readonly name = "files";
  readonly #parts: FileRemovalParts;
  #nextAt: number | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: FileRemovalParts) {
    this.#parts = parts;
    this.#readNext();
  }

  /** Puts a file on the list; what is not of this workspace's store is left alone. Call inside the transaction that takes the file's message away. */
  add(url: string | null, userId: string | null): void {
    const { sql, runtime, files, onSchedule } = this.#parts;
    if (url === null || !files.owns(url)) return;
    const at = runtime.now() + FIRST_AFTER_MS;
    sql.run(
      `INSERT INTO doomed_files (url, user_id, failures, next_at) VALUES (?, ?, 0, ?)
       ON CONFLICT (url) DO UPDATE SET user_id = coalesce(excluded.user_id, user_id), next_at = excluded.next_at`,
      url,
      userId,
      at,
    );
    this.#nextAt = Math.min(this.#nextAt ?? at, at);
    // Behind the transaction.
    runtime.defer(0, onSchedule);
  }

  /** Files of a user that are still to be removed. */
  owedFor(userId: string): number {
    const rows = this.#parts.sql.all<{ owed: number }>(
      `SELECT count(*) AS owed FROM doomed_files WHERE user_id = ?`,
      userId,
    );
    return rows[0]?.owed ?? 0;
  }

  appended(): void {}

  nextAttempt(): number | undefined {
    return this.#nextAt;
  }

  doneThrough(): number {
    return Number.POSITIVE_INFINITY;
  }

  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      this.#readNext();
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { sql, runtime, settle } = this.#parts;
    const due = sql.all<FileRow>(
      `SELECT url, failures FROM doomed_files WHERE next_at <= ? ORDER BY next_at LIMIT ?`,
      runtime.now(),
      FILES_PER_RUN,
    );
    // Until then Postgres may show a message that is gone already.
    const isSettled = due.length > 0 && (await settle());
    for (const { url, failures } of due) {
      try {
        if (!isSettled) throw new Error("the archive does not answer");
        await this.#remove(url);
        sql.run(`DELETE FROM doomed_files WHERE url = ?`, url);
      } catch (error) {
        const wait = backOff(failures + 1, BACK_OFF_BASE_MS, BACK_OFF_CAP_MS, runtime.random());
        sql.run(
          `UPDATE doomed_files SET failures = failures + 1, next_at = ? WHERE url = ?`,
          runtime.now() + wait,
          url,
        );
        runtime.log("warn", "file.removal_failed", { retry_ms: wait, error: String(error) });
      }
    }
  }

  async #remove(url: string): Promise<void> {
    const { files, journal } = this.#parts;
    const through = journal.archived;
    // What Postgres does not have yet may show the file again.
    if ((await files.isUsed(url)) || journal.messages.showsAfter(url, through)) return;
    await files.remove(url);
  }

  #readNext(): void {
    const rows = this.#parts.sql.all<{ at: number | null }>(`SELECT min(next_at) AS at FROM doomed_files`);
    this.#nextAt = rows[0]?.at ?? undefined;
  }
}

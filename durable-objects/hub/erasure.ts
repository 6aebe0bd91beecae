import { backOff } from "../../src/domain/back-off.ts";
import type { ErasureProgress } from "../../src/domain/hub-contract.ts";
import type { ErasureStore } from "../../src/domain/hub-ports.ts";
import type { Changes } from "./changes.ts";
import type { JournalConsumer } from "./consumer.ts";
import type { Directory } from "./directory.ts";
import { type ErasureRow, ErasureRows, PHASES } from "./erasure-store.ts";
import { PersonEvents, type PersonEventsParts } from "./person-events.ts";

export interface ErasureParts extends PersonEventsParts {
  directory: Directory;
  changes: Changes;
  store: ErasureStore;
  /** True once Postgres has everything that had happened by the call. */
  settle(): Promise<boolean>;
  /** Forgets a deleted user and closes its sockets. */
  removeUser(userId: string): void;
  onSchedule(): void;
}

/** Steps of one run; the next run follows at once. */
const STEPS_PER_RUN = 5;
const BACK_OFF_BASE_MS = 1_000;
const BACK_OFF_CAP_MS = 60_000;
/** Between two looks at what only time can finish. */
const WAIT_MS = 2_000;

/**
 * Takes a user out of everything: memberships and profile, messages (members see them unsent), reactions, mentions, the
 * journal, idempotency keys, files. Small steps, each of which may be done twice, with their place in storage: an
 * interruption at any point only delays the rest.
 */
export class Erasure implements JournalConsumer {
  readonly name = "erasure";
  readonly #parts: ErasureParts;
  readonly #rows: ErasureRows;
  readonly #events: PersonEvents;
  #nextAt: number | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: ErasureParts) {
    this.#parts = parts;
    this.#rows = new ErasureRows(parts.sql, parts.runtime);
    this.#events = new PersonEvents(parts);
    this.#nextAt = this.#rows.nextAt;
  }

  /** How far the erasure of a user is, by internal id, or by external id while it runs. */
  find(ref: string): ErasureProgress | undefined {
    const row = this.#rows.find(ref);
    return row === undefined
      ? undefined
      : { user_id: row.user_id, state: row.phase === "done" ? "done" : "running", messages: row.messages };
  }

  /**
   * Begins an erasure, or tells of the one that there is. When it returns, the user is gone. Throws where Postgres does not
   * answer; then too the erasure goes on by itself.
   */
  async start(userId: string, externalId: string | null): Promise<ErasureProgress> {
    this.#rows.insert(userId, externalId);
    this.#nextAt = this.#rows.nextAt;
    this.#parts.onSchedule();
    // A run that was under way may have been about somebody else.
    for (let runs = 0; runs < 2 && this.#rows.find(userId)?.phase === "membership"; runs++) await this.run();
    const progress = this.find(userId);
    if (progress === undefined || this.#rows.find(userId)?.phase === "membership") {
      throw new Error("the user could not be removed yet");
    }
    return progress;
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
      this.#nextAt = this.#rows.nextAt;
      this.#parts.onSchedule();
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { runtime } = this.#parts;
    for (let step = 0; step < STEPS_PER_RUN; step++) {
      const row = this.#rows.due();
      if (row === undefined) return;
      try {
        await this.#step(row);
        this.#rows.save({ ...row, failures: 0 });
      } catch (error) {
        const wait = backOff(row.failures + 1, BACK_OFF_BASE_MS, BACK_OFF_CAP_MS, runtime.random());
        // Only the wait: a step that failed half way is done again as a whole.
        const kept = this.#rows.find(row.user_id) ?? row;
        this.#rows.save({ ...kept, failures: row.failures + 1, next_at: runtime.now() + wait });
        runtime.log("warn", "erasure.failed", { phase: row.phase, retry_ms: wait, error: String(error) });
      }
    }
  }

  /** Does one step and moves `row` on. */
  async #step(row: ErasureRow): Promise<void> {
    const { runtime, store, files, journal, directory } = this.#parts;
    const userId = row.user_id;
    switch (row.phase) {
      case "membership":
        await this.#leave(userId);
        return advance(row);
      case "messages": {
        // So that a step which is done again finds what it did before, and the archive is not outrun.
        await this.#settle();
        const found = await this.#events.unsendAll(userId, row.place);
        row.messages += found.count;
        return move(row, found.next);
      }
      case "reactions":
        await this.#settle();
        return move(row, (await this.#events.unreactAll(userId, row.place)).next);
      case "mentions":
        await this.#settle();
        return move(row, (await this.#events.unmentionAll(userId, row.place)).next);
      case "settle":
        await this.#settle();
        // Whoever comes back with an older cursor reads history instead of events that were changed.
        row.target = journal.head;
        journal.raiseFloor(row.target);
        directory.blankUser(userId);
        return advance(row);
      case "journal": {
        const done = this.#rows.scrubJournal(userId, Number(row.place ?? 0), row.target);
        return move(row, done < row.target ? String(done) : undefined);
      }
      case "rest":
        await store.forget(userId);
        return advance(row);
      case "files":
        if ((files?.owedFor(userId) ?? 0) > 0) row.next_at = runtime.now() + WAIT_MS;
        else advance(row);
        return;
      case "done":
        return;
    }
  }

  async #settle(): Promise<void> {
    if (!(await this.#parts.settle())) throw new Error("the archive does not answer");
  }

  /** Also where an earlier attempt got as far as Postgres: what the hub still knows of memberships is read again. */
  async #leave(userId: string): Promise<void> {
    const { store, changes, directory, removeUser } = this.#parts;
    const writes = await store.removeUser(userId);
    removeUser(userId);
    for (const { channelId, version, change } of writes) await changes.apply(channelId, version, change);
    for (const channelId of directory.membershipsOf(userId).keys()) await changes.pull(channelId);
  }
}

/** To the next place of the phase; without one to the next phase. */
function move(row: ErasureRow, next: string | undefined): void {
  if (next === undefined) advance(row);
  else row.place = next;
}

function advance(row: ErasureRow): void {
  row.phase = PHASES[PHASES.indexOf(row.phase) + 1] ?? "done";
  row.place = null;
  if (row.phase !== "done") return;
  row.next_at = null;
  row.external_id = null;
}

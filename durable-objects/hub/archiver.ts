import { backOff } from "../../src/domain/back-off.ts";
import { type Archive, type ArchiveReceipt, ArchiveRejected } from "../../src/domain/hub-ports.ts";
import { archiveBatch, changesPostgres, isAddition } from "./archive-batch.ts";
import type { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";
import type { HubRuntime } from "./storage.ts";

const BATCH_EVENTS = 500;
/** Sends gather this long before they are archived, unless a reader waits. */
const GATHER_MS = 200;
/**
 * An alarm archives this long after a send where the object ended before its timer. It is written before the send's commit, locally with
 * a flush of another database: nearer ones would make more sends of a busy workspace wait for that.
 */
const SAFETY_MS = 10_000;
const BACK_OFF_BASE_MS = 1_000;
const BACK_OFF_CAP_MS = 60_000;
/** Channels whose newest event is remembered; a read that runs beside more changes than this has other worries. */
const MAX_CHANGED = 20_000;
/** A waiting reader may bring the next attempt forward, but not closer to the last one than this. */
const READER_RETRY_MS = 1_000;

/** Owed events of a channel beyond which readers wait for Postgres: they are read one by one. */
const MAX_TOLD = 50;

/** What Postgres lacks of a channel. */
interface Owed {
  /** Their journal seqs, ascending; the newest alone where they are not plain. */
  seqs: number[];
  /** Journal seq of the newest event of this life that Postgres has. */
  base: number | undefined;
  /** Few, and all of them messages and receipts: they add to what Postgres has, and change nothing of it. */
  isPlain: boolean;
}

export interface ArchiverParts {
  journal: Journal;
  archive: Archive;
  runtime: HubRuntime;
  /** Postgres knows these channels at these versions. */
  onVersions(versions: ReadonlyMap<string, number>): void;
  /** Postgres has seen more than this hub remembers. */
  onRewind(): void;
  /** Asks for the hub's alarm to be set anew. */
  onSchedule(): void;
}

/**
 * Carries the journal to Postgres: in order, in batches, as often as needed. The journal is its own outbox; an event
 * is owed until the watermark has passed it. Where Postgres does not answer nothing is dropped and the next attempt
 * comes by alarm, 1 to 60 s later; an event that Postgres refuses for good is parked and reported.
 */
export class Archiver {
  readonly #parts: ArchiverParts;
  readonly #owed = new Map<string, Owed>();
  /** Channel → journal seq of its newest event in this life of the object, owed or not. */
  readonly #changed = new Map<string, number>();
  #running: Promise<void> | undefined;
  #gathering = false;
  #failures = 0;
  #lastAttempt = 0;
  #retryAt: number | undefined;

  constructor(parts: ArchiverParts) {
    this.#parts = parts;
    const { journal } = parts;
    for (let after = journal.archived; after < journal.head; ) {
      const events = journal.read(after, BATCH_EVENTS);
      for (const event of events) this.#owe(event);
      after = events.at(-1)?.seq ?? journal.head;
    }
  }

  /** Notes a new event and lets the next batch gather. */
  appended(event: JournalEvent): void {
    this.#owe(event);
    this.#gather();
  }

  /** Unix milliseconds of the next attempt that an alarm must make; undefined where nothing is owed. */
  nextAttempt(now: number): number | undefined {
    const { journal } = this.#parts;
    if (journal.archived >= journal.head) return undefined;
    return this.#retryAt ?? now + SAFETY_MS;
  }

  /** Journal seq of the channel's newest event that readers of Postgres see; undefined for none in this life. */
  changedAt(channelId: string): number | undefined {
    return this.#changed.get(channelId);
  }

  /**
   * Journal seqs of what Postgres lacks of a channel, where that only adds messages, and of the newest event that it has. Undefined where
   * there is more to it, or nothing.
   */
  additionsTo(channelId: string): { seqs: readonly number[]; base: number | undefined } | undefined {
    const owed = this.#owed.get(channelId);
    return owed?.isPlain ? owed : undefined;
  }

  /** Channels of which Postgres lacks something. */
  get unsettled(): Iterable<string> {
    return this.#owed.keys();
  }

  /**
   * Archives on behalf of a waiting reader; true once Postgres has what the channels had when it asked. What comes after that is not
   * waited for: a busy channel always owes something. Fails fast while Postgres is away.
   */
  async settle(channelIds: readonly string[]): Promise<boolean> {
    const { journal, runtime } = this.#parts;
    const target = channelIds.reduce((seq, id) => Math.max(seq, this.#owed.get(id)?.seqs.at(-1) ?? 0), 0);
    const isSettled = () => journal.archived >= target;
    if (isSettled()) return true;
    if (this.#retryAt !== undefined && runtime.now() - this.#lastAttempt < READER_RETRY_MS) return false;
    // A batch that is under way may lack the newest events: then one more follows.
    await this.drain();
    if (!isSettled() && this.#retryAt === undefined) await this.drain();
    return isSettled();
  }

  /** Writes what is owed now, until an attempt fails. Never throws. Calls at one time share one run. */
  drain(): Promise<void> {
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
      // What was appended meanwhile waits for the next batch.
      const { journal } = this.#parts;
      if (journal.archived < journal.head) this.#gather();
    });
    return this.#running;
  }

  #gather(): void {
    if (this.#gathering || this.#running !== undefined) return;
    const { runtime, onSchedule } = this.#parts;
    // The alarm makes the attempt while Postgres is away, and where the object ends before the timer.
    onSchedule();
    if (this.#retryAt !== undefined) return;
    this.#gathering = true;
    runtime.defer(GATHER_MS, () => {
      this.#gathering = false;
      void this.drain();
    });
  }

  async #drain(): Promise<void> {
    const { journal, runtime } = this.#parts;
    const target = journal.head;
    while (journal.archived < target) {
      this.#lastAttempt = runtime.now();
      const events = journal.read(journal.archived, BATCH_EVENTS);
      try {
        await this.#write(events);
        this.#failures = 0;
        this.#retryAt = undefined;
      } catch (error) {
        this.#failures++;
        const wait = backOff(this.#failures, BACK_OFF_BASE_MS, BACK_OFF_CAP_MS, runtime.random());
        this.#retryAt = runtime.now() + wait;
        runtime.log("warn", "archive.failed", {
          owed: journal.head - journal.archived,
          retry_ms: wait,
          error: text(error),
        });
        return;
      }
    }
  }

  /** Writes the events, or in halves where Postgres refuses them, down to the one that it refuses. */
  async #write(events: readonly JournalEvent[]): Promise<void> {
    const { journal, archive, runtime } = this.#parts;
    const last = events.at(-1);
    if (last === undefined) return;
    try {
      const receipt = await archive.write(archiveBatch(journal.epoch, events));
      this.#noteRewind(receipt);
      if (receipt.applied) {
        this.#passed(last.seq);
        this.#parts.onVersions(receipt.versions);
        return;
      }
      // An attempt whose answer was lost, or that an earlier life of this object made, had got there.
      const reached = receipt.before?.epoch === journal.epoch ? receipt.before.seq : 0;
      if (reached < (events[0]?.seq ?? 0)) throw new Error("the archive moved meanwhile");
      this.#passed(Math.min(reached, last.seq));
      await this.#write(events.filter((event) => event.seq > reached));
    } catch (error) {
      if (!(error instanceof ArchiveRejected)) throw error;
      if (events.length > 1) {
        const middle = Math.floor(events.length / 2);
        await this.#write(events.slice(0, middle));
        await this.#write(events.slice(middle));
        return;
      }
      journal.park(last.seq, text(error));
      runtime.log("error", "archive.parked", { seq: last.seq, type: last.type, error: text(error) });
      this.#passed(last.seq);
    }
  }

  #passed(seq: number): void {
    this.#parts.journal.markArchived(seq);
    for (const [channelId, owed] of this.#owed) {
      const left = owed.seqs.filter((one) => one > seq);
      if (left.length === 0) this.#owed.delete(channelId);
      owed.base = owed.seqs[owed.seqs.length - left.length - 1] ?? owed.base;
      owed.seqs = left;
    }
  }

  /** Postgres has seen more of this epoch than the journal holds: the object's storage was set back in time. */
  #noteRewind({ before }: ArchiveReceipt): void {
    const { journal, runtime } = this.#parts;
    if (before === undefined || before.epoch !== journal.epoch || before.seq <= journal.head) return;
    runtime.log("error", "journal.rewound", { archived: before.seq, head: journal.head });
    journal.renewEpoch();
    this.#parts.onRewind();
  }

  #owe(event: JournalEvent): void {
    if (!changesPostgres(event)) return;
    const { channelId, seq } = event;
    const owed = this.#owed.get(channelId) ?? { seqs: [], base: this.#changed.get(channelId), isPlain: true };
    owed.isPlain &&= isAddition(event) && owed.seqs.length < MAX_TOLD;
    if (owed.isPlain) owed.seqs.push(seq);
    else owed.seqs = [seq];
    this.#owed.set(channelId, owed);
    // Re-inserted, so that the map's order is that of change and the oldest go first.
    this.#changed.delete(channelId);
    this.#changed.set(channelId, seq);
    if (this.#changed.size <= MAX_CHANGED) return;
    for (const [oldest, changedAt] of this.#changed) {
      if (this.#changed.size <= MAX_CHANGED || changedAt > this.#parts.journal.archived) break;
      this.#changed.delete(oldest);
    }
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

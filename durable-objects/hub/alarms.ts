import { nextAlarm } from "../../src/domain/alarm.ts";
import type { Archiver } from "./archiver.ts";
import type { Connections } from "./connections.ts";
import type { JournalConsumer } from "./consumer.ts";
import type { Journal } from "./journal.ts";
import type { HubRuntime } from "./storage.ts";

/** Events that one alarm trims; more follow in the next. */
const TRIM_EVENTS = 5_000;
const TRIM_SPACING_MS = 10_000;
/** Until the next look where nothing could be trimmed. */
const TRIM_HELD_MS = 3_600_000;

export interface AlarmsParts {
  runtime: HubRuntime;
  connections: Connections;
  journal: Journal;
  archiver: Archiver;
  consumers: readonly JournalConsumer[];
  /** Milliseconds that the journal keeps events. */
  journalMs(): number;
}

/**
 * The hub's one alarm: everything that must happen by itself later. It is set anew after each run, and not at all where
 * nothing is due, so that an idle workspace sleeps for good.
 */
export class Alarms {
  readonly #parts: AlarmsParts;
  /** Undefined after a wake: the stored alarm is not known then. */
  #alarmAt: number | undefined;
  #trimNotBefore = 0;

  constructor(parts: AlarmsParts) {
    this.#parts = parts;
  }

  /** Sees to it that the object wakes at `time` (unix milliseconds) or before. */
  wakeBy(time: number): void {
    // Where the stored alarm is not known all reasons count once.
    const at = this.#alarmAt === undefined ? Math.min(time, this.#earliest() ?? time) : time;
    if (this.#alarmAt !== undefined && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    this.#parts.runtime.setAlarm(at);
  }

  wakeForArchive(): void {
    const attempt = this.#parts.archiver.nextAttempt(this.#parts.runtime.now());
    if (attempt !== undefined) this.wakeBy(attempt);
  }

  wakeForEffects(): void {
    const attempt = nextOf(this.#parts.consumers, this.#parts.runtime.now());
    if (attempt !== undefined) this.wakeBy(attempt);
  }

  /** Does what is due and sets the next alarm. At least once, so everything here may be done twice. */
  async run(): Promise<void> {
    const { runtime, connections, journal, archiver, consumers } = this.#parts;
    this.#alarmAt = undefined;
    const now = runtime.now();
    connections.closeOverdue(now);
    const due = consumers.filter((consumer) => (consumer.nextAttempt(now) ?? Number.POSITIVE_INFINITY) <= now);
    // Side by side: a slow receiver of one must not hold up the others. None of them throws.
    await Promise.all([
      archiver.nextAttempt(now) === undefined ? undefined : archiver.drain(),
      ...due.map((consumer) => consumer.run()),
    ]);
    journal.storeWatermark();
    this.#trim(now);
    this.#alarmAt = this.#earliest();
    if (this.#alarmAt !== undefined) runtime.setAlarm(this.#alarmAt);
  }

  #trim(now: number): void {
    const { journal, consumers, journalMs } = this.#parts;
    const oldest = journal.oldestTrimmable();
    const keep = journalMs();
    if (oldest === undefined || oldest + keep > now) return;
    const needed = Math.min(...consumers.map((consumer) => consumer.doneThrough()));
    const trimmed = journal.trim(now - keep, TRIM_EVENTS, needed);
    // What a consumer still needs (a dead letter for a week) must not keep the object awake.
    this.#trimNotBefore = now + (trimmed > 0 ? TRIM_SPACING_MS : TRIM_HELD_MS);
  }

  #earliest(): number | undefined {
    const { runtime, connections, journal, archiver, consumers, journalMs } = this.#parts;
    const now = runtime.now();
    const oldest = journal.oldestTrimmable();
    return nextAlarm(
      {
        connections: connections.nextCheck(now),
        archive: archiver.nextAttempt(now),
        effects: nextOf(consumers, now),
        trim: oldest === undefined ? undefined : Math.max(oldest + journalMs(), this.#trimNotBefore),
      },
      now,
    );
  }
}

function nextOf(consumers: readonly JournalConsumer[], now: number): number | undefined {
  const times = consumers.map((consumer) => consumer.nextAttempt(now)).filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

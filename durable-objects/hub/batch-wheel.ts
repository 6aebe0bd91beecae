import type { Connection } from "./connection.ts";
import { FrameRun } from "./frame-run.ts";
import type { HubRuntime } from "./storage.ts";

/** Milliseconds between two slots. */
const STEP_MS = 5;
/** A turn takes this long at least: what one connection's frames wait for each other. */
const MIN_TURN_MS = 25;
/**
 * What one connection adds to a turn: the run-time needs about 35 µs to write one frame to one socket, whatever is in
 * it, so this leaves it a third of its time for everything else.
 */
const TURN_MS_PER_CONNECTION = 0.05;
/** The longest turn: a pending timer keeps the object awake. */
const MAX_TURN_MS = 250;

interface Slot {
  waiting: Connection[];
  /** Where the runs of its connections begin. */
  root: FrameRun;
}

/**
 * Connections in slots, one of which is sent what it waits for every `STEP_MS`. Each connection has its slot, so that it gets one batch a
 * turn and nobody waits behind a thousand others: sent all together, the last one would wait for the time of all writes besides the turn.
 */
export class BatchWheel {
  readonly #runtime: HubRuntime;
  #slots: Slot[] = slots(MIN_TURN_MS / STEP_MS);
  /** The slot that is next. */
  #at = 0;
  /** When it is the turn of that slot, while a timer runs. Unix milliseconds. */
  #dueAt: number | undefined;
  /** Connections that wait in all slots. */
  #waiting = 0;
  /** Batches of this turn. */
  #sent = 0;
  #flushedAt = 0;

  constructor(runtime: HubRuntime) {
    this.#runtime = runtime;
  }

  get isEmpty(): boolean {
    return this.#waiting === 0;
  }

  /** Milliseconds within which each slot has its turn once. */
  get turnMs(): number {
    return this.#slots.length * STEP_MS;
  }

  /** True where nobody was sent a batch for two turns. */
  isRested(now: number): boolean {
    return now - this.#flushedAt >= 2 * this.turnMs;
  }

  /** Adds a frame to what a connection waits for. */
  add(connection: Connection, frame: string): void {
    if (connection.waiting === undefined) {
      const slot = this.#slotOf(connection);
      slot.waiting.push(connection);
      this.#waiting++;
      connection.waiting = slot.root.with(frame);
    } else {
      connection.waiting = connection.waiting.with(frame);
    }
  }

  /** Lets the slots go one after another, as long as anybody waits. */
  turn(): void {
    if (this.#dueAt === undefined) this.#turnFrom(this.#runtime.now());
  }

  #turnFrom(previous: number): void {
    this.#dueAt = undefined;
    if (this.isEmpty) return;
    const steps = this.#emptySlotsAhead() + 1;
    const now = this.#runtime.now();
    // Not later for the time that sending took; what is late already is not made good by sending twice.
    const dueAt = Math.max(now, previous + steps * STEP_MS);
    this.#dueAt = dueAt;
    this.#runtime.defer(dueAt - now, () => {
      for (let step = 0; step < steps; step++) this.#step();
      this.#turnFrom(dueAt);
    });
  }

  /** Sends everything that waits, now. The turn goes on: its length is for whoever is sent something, not for those who wait just now. */
  flush(): void {
    for (const slot of this.#slots) this.#send(slot);
  }

  /** Sends everything that waits, now, and begins a turn with it. */
  restart(): void {
    this.#sent = 0;
    this.flush();
    this.#beginTurn();
  }

  #step(): void {
    const slot = this.#slots[this.#at];
    if (slot !== undefined) this.#send(slot);
    this.#at++;
    if (this.#at >= this.#slots.length) this.#beginTurn();
  }

  /** As many slots as the batches of the last turn ask for. */
  #beginTurn(): void {
    const milliseconds = Math.min(Math.max(MIN_TURN_MS, this.#sent * TURN_MS_PER_CONNECTION), MAX_TURN_MS);
    const wanted = Math.ceil(milliseconds / STEP_MS);
    for (const slot of this.#slots.splice(wanted)) this.#send(slot);
    this.#slots.push(...slots(wanted - this.#slots.length));
    this.#at = 0;
    this.#sent = 0;
  }

  #send(slot: Slot): void {
    const { waiting } = slot;
    if (waiting.length === 0) return;
    slot.waiting = [];
    // The runs of this turn, with their texts, are nobody's any more.
    slot.root = new FrameRun();
    this.#waiting -= waiting.length;
    this.#sent += waiting.length;
    for (const connection of waiting) connection.sendWaiting();
    this.#flushedAt = this.#runtime.now();
  }

  #slotOf(connection: Connection): Slot {
    const slot = this.#slots[connection.ordinal % this.#slots.length];
    if (slot === undefined) throw new Error("the wheel has no slots");
    return slot;
  }

  #emptySlotsAhead(): number {
    const count = this.#slots.length;
    for (let ahead = 0; ahead < count; ahead++) {
      if ((this.#slots[(this.#at + ahead) % count]?.waiting.length ?? 0) > 0) return ahead;
    }
    return 0;
  }
}

function slots(count: number): Slot[] {
  return Array.from({ length: Math.max(0, count) }, () => ({ waiting: [], root: new FrameRun() }));
}

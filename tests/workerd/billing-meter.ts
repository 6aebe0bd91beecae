/** What an object does that is billed, or that keeps it awake, counted inside workerd. */
export interface Bill {
  rowsRead: number;
  /** By statements; each `setAlarm` is billed as one more. */
  rowsWritten: number;
  setAlarms: number;
  alarms: number;
  fetches: number;
}

interface Cursor {
  toArray(): unknown[];
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/**
 * Wraps the run-time's own functions, which all objects of the isolate share: SQL, alarms, timers, `fetch`. Postgres is a
 * `fetch` away; `answer` stands in for it, since no socket leaves workerd in these tests.
 *
 * Timers of `AbortSignal.timeout` count too: workerd implements them by the same timer as `setTimeout`, it runs on
 * after the operation is done, and nothing can clear it.
 */
export class BillingMeter {
  readonly #cursors: Cursor[] = [];
  readonly #timers = new Map<number, number>();
  #nextTimer = 0;
  #setAlarms = 0;
  #alarms = 0;
  #fetches = 0;
  #openFetches = 0;
  #idleAt = 0;
  /** Longest timer that ran to its end, milliseconds: one that is cleared in time kept nobody awake. */
  longestTimer = 0;

  constructor(answer: (query: string, params: unknown[]) => Response) {
    this.#wrapTimers();
    globalThis.fetch = async (_input, init) => {
      this.#fetches += 1;
      this.#openFetches += 1;
      const { query, params } = JSON.parse(String(init?.body)) as { query: string; params: unknown[] };
      await scheduler.wait(1);
      this.#openFetches -= 1;
      this.#noteIdle();
      return answer(query, params);
    };
  }

  /** Wraps what belongs to storage and to the object's class. Call it once, inside an object. */
  attach(storage: DurableObjectStorage, objectClass: { prototype: object }): void {
    const sql = Object.getPrototypeOf(storage.sql) as { exec(this: unknown, ...args: unknown[]): Cursor };
    const exec = sql.exec;
    const cursors = this.#cursors;
    sql.exec = function (...args) {
      const cursor = exec.apply(this, args);
      cursors.push(cursor);
      return cursor;
    };
    const alarms = Object.getPrototypeOf(storage) as { setAlarm(this: unknown, ...args: unknown[]): unknown };
    const setAlarm = alarms.setAlarm;
    const noteSetAlarm = () => {
      this.#setAlarms += 1;
    };
    alarms.setAlarm = function (...args) {
      noteSetAlarm();
      return setAlarm.apply(this, args);
    };
    const handlers = objectClass.prototype as { alarm(this: unknown): Promise<void> };
    const alarm = handlers.alarm;
    const noteAlarm = () => {
      this.#alarms += 1;
    };
    handlers.alarm = function () {
      noteAlarm();
      return alarm.apply(this);
    };
  }

  /** Everything since the last call. */
  take(): Bill {
    const bill: Bill = {
      rowsRead: this.#cursors.reduce((sum, cursor) => sum + cursor.rowsRead, 0),
      rowsWritten: this.#cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0),
      setAlarms: this.#setAlarms,
      alarms: this.#alarms,
      fetches: this.#fetches,
    };
    this.#cursors.length = 0;
    this.#setAlarms = 0;
    this.#alarms = 0;
    this.#fetches = 0;
    return bill;
  }

  /** Milliseconds of the timers that have not fired. */
  get pendingTimers(): number[] {
    return [...this.#timers.values()];
  }

  get openFetches(): number {
    return this.#openFetches;
  }

  /** When the last timer or fetch ended with no other left (`Date.now()`). */
  get idleAt(): number {
    return this.#idleAt;
  }

  #wrapTimers(): void {
    const set = globalThis.setTimeout;
    const clear = globalThis.clearTimeout;
    const timers = this.#timers;
    const begin = (ms: number): number => {
      timers.set(++this.#nextTimer, ms);
      return this.#nextTimer;
    };
    const end = (number: number) => {
      timers.delete(number);
      this.#noteIdle();
    };
    const ranOut = (number: number) => {
      this.longestTimer = Math.max(this.longestTimer, timers.get(number) ?? 0);
      end(number);
    };
    const numbers = new Map<unknown, number>();
    const counted = (work: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const number = begin(ms);
      const handle = set(() => {
        ranOut(number);
        work(...args);
      }, ms);
      numbers.set(handle, number);
      return handle;
    };
    globalThis.setTimeout = counted as typeof globalThis.setTimeout;
    globalThis.clearTimeout = (handle) => {
      const number = numbers.get(handle);
      if (number !== undefined) end(number);
      clear(handle);
    };
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    AbortSignal.timeout = (ms) => {
      const number = begin(ms);
      set(() => ranOut(number), ms);
      return timeout(ms);
    };
  }

  #noteIdle(): void {
    if (this.#timers.size === 0 && this.#openFetches === 0) this.#idleAt = Date.now();
  }
}

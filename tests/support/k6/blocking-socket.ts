import type { FromUser, ToUser } from "./messages.ts";

interface Timer {
  at: number;
  /** Undefined for one that runs once. */
  everyMs: number | undefined;
  work: () => void;
}

interface Line {
  post(message: FromUser): void;
  /** The next message; undefined where none comes in time. */
  receive(timeoutMs: number): ToUser | undefined;
}

/** A socket of `k6/ws`: its handlers and timers run while `connect` blocks, and end with it. */
export class BlockingSocket {
  readonly #line: Line;
  readonly #onMessage: ((text: string) => void)[] = [];
  #timers: Timer[] = [];

  constructor(line: Line) {
    this.#line = line;
  }

  on(event: string, work: (text: string) => void): void {
    if (event === "message") this.#onMessage.push(work);
  }

  send(text: string): void {
    this.#line.post({ kind: "send", text });
  }

  close(): void {
    this.#line.post({ kind: "close" });
  }

  setTimeout(work: () => void, ms: number): void {
    this.#timers.push({ at: Date.now() + ms, everyMs: undefined, work });
  }

  setInterval(work: () => void, ms: number): void {
    this.#timers.push({ at: Date.now() + ms, everyMs: ms, work });
  }

  runUntilClosed(): void {
    for (;;) {
      const next = Math.min(...this.#timers.map(({ at }) => at));
      const message = this.#line.receive(Math.max(0, next - Date.now()));
      if (message?.kind === "closed") return;
      if (message?.kind === "text") for (const work of this.#onMessage) work(message.text);
      this.#runDue(Date.now());
    }
  }

  #runDue(now: number): void {
    const due = this.#timers.filter(({ at }) => at <= now);
    this.#timers = this.#timers.filter(({ at }) => at > now);
    for (const { everyMs, work } of due) {
      if (everyMs !== undefined) this.#timers.push({ at: now + everyMs, everyMs, work });
      work();
    }
  }
}

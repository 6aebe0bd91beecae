import type { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";
import type { HubRuntime } from "./storage.ts";

const DAY_MS = 24 * 3_600_000;

/** Messages since midnight UTC: counted in the journal when first asked for, then as they come. */
export class Today {
  readonly #journal: Journal;
  readonly #runtime: HubRuntime;
  #day = -1;
  #count: number | undefined;

  constructor(journal: Journal, runtime: HubRuntime) {
    this.#journal = journal;
    this.#runtime = runtime;
  }

  appended(event: JournalEvent): void {
    if (event.type !== "message.created" || this.#count === undefined) return;
    if (Math.floor(event.at / DAY_MS) === this.#day) this.#count++;
    else this.#count = undefined;
  }

  /** As far as the journal reaches back. */
  get messages(): number {
    const day = Math.floor(this.#runtime.now() / DAY_MS);
    if (this.#count === undefined || day !== this.#day) this.#count = this.#journal.messages.countSince(day * DAY_MS);
    this.#day = day;
    return this.#count;
  }
}

import { createHash } from "node:crypto";

/**
 * Names for prepared statements. A text gets one when it is seen for the second time, because one-off texts would only
 * fill the servers' memory; the number is capped for the same reason.
 */
export class StatementNames {
  readonly #limit: number;
  readonly #names = new Map<string, string>();
  readonly #seenOnce = new Set<string>();
  #enabled = true;

  constructor(limit = 400) {
    this.#limit = limit;
  }

  /** Name for this text, or undefined to send it unprepared. */
  nameOf(text: string): string | undefined {
    if (!this.#enabled) return undefined;
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= this.#limit) return known;
    if (!this.#seenOnce.delete(text)) {
      if (this.#seenOnce.size >= this.#limit * 4) this.#seenOnce.clear();
      this.#seenOnce.add(text);
      return undefined;
    }
    const name = `k${createHash("sha256").update(text).digest("hex").slice(0, 40)}`;
    this.#names.set(text, name);
    return name;
  }

  /** Sends everything unprepared from now on: a pooler between us and Postgres does not keep statements. */
  disable(): void {
    this.#enabled = false;
  }
}

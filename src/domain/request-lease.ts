/** Milliseconds for which what was counted ahead may be spent. */
const LEASE_MS = 5_000;
/** Milliseconds after which a question without an answer does not keep the next one small any more. */
const ANSWER_MS = 1_000;
/** Part of what is left of a limit that may be counted ahead. */
const SHARE = 0.1;

/**
 * Requests of one identifier that are counted before they come, so that a busy one costs the counter a fraction of a call each. A
 * lease doubles while leases are used up and shrinks to what was used, is at most one second of the rate and a tenth of what
 * is left: so nobody gets more than the limit, and who stops loses at most that tenth for a minute. Times are milliseconds.
 */
export class RequestLease {
  readonly #most: number;
  #left = 0;
  #size = 0;
  #remaining = 0;
  #endsAt = 0;
  #askingUntil = 0;

  constructor(requestsPerMinute: number) {
    this.#most = Math.max(1, Math.floor(requestsPerMinute / 60));
  }

  /** Takes one request of those counted ahead; false where there is none. */
  spend(now: number): boolean {
    if (this.#left === 0 || now >= this.#endsAt) return false;
    this.#left -= 1;
    return true;
  }

  /** How many requests to count now, the one at hand included. Only one question at a time is for more than that. */
  ask(now: number): number {
    if (now < this.#askingUntil) return 1;
    this.#askingUntil = now + ANSWER_MS;
    const used = this.#size - this.#left;
    const wanted = now < this.#endsAt ? this.#size * 2 : now < this.#endsAt + LEASE_MS ? used : 1;
    this.#size = Math.max(1, Math.min(wanted, this.#most, Math.floor(this.#remaining * SHARE)));
    this.#left = 0;
    return this.#size;
  }

  /** The counter has taken `count` requests, and `remaining` more would be allowed now. */
  grant(count: number, remaining: number, now: number): void {
    this.#left += count - 1;
    this.#remaining = remaining;
    this.#endsAt = now + LEASE_MS;
    if (count === this.#size) this.#askingUntil = 0;
  }
}

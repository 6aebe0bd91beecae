import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis/cloudflare";
import { ApiError } from "../domain/api-error.ts";
import { RequestLease } from "../domain/request-lease.ts";
import { TokenBucket } from "../domain/token-bucket.ts";
import { BoundedMap } from "./bounded-map.ts";
import { describeError, logEvent } from "./log.ts";

/** Milliseconds that a request waits for Redis at most. */
const TIMEOUT_MS = 300;
/** Milliseconds for which a Redis that failed is not asked again. */
const BREAK_MS = 5_000;
const REMEMBERED = 10_000;
const WINDOW_MS = 60_000;

export type LimitedKind = "key" | "user" | "address";

export interface RateLimitSettings {
  redis: { url: string; token: string } | undefined;
  /** Requests per minute. */
  requestsPerMinute: Record<LimitedKind, number>;
}

/**
 * REST limits: sliding windows in Redis, shared by all isolates; an isolate counts a busy identifier some requests ahead.
 * Where Redis is missing, down or slow, each isolate counts by itself at the same rates: never unlimited, never closed.
 * One per isolate.
 */
export class RateLimiter {
  readonly #rates: Record<LimitedKind, number>;
  readonly #windows: Record<LimitedKind, Ratelimit> | undefined;
  readonly #buckets = new BoundedMap<string, TokenBucket>(REMEMBERED);
  readonly #leases = new BoundedMap<string, RequestLease>(REMEMBERED);
  /** Until when (milliseconds) an identifier that is over its limit is refused without asking. */
  readonly #overUntil = new BoundedMap<string, number>(REMEMBERED);
  #redisBrokenUntil = 0;

  constructor(settings: RateLimitSettings) {
    this.#rates = settings.requestsPerMinute;
    if (settings.redis === undefined) return;
    const redis = new Redis({
      ...settings.redis,
      signal: () => AbortSignal.timeout(TIMEOUT_MS),
      retry: { retries: 0 },
      enableTelemetry: false,
      // Commands of two requests in one fetch: a Worker may not wait for another request's I/O.
      enableAutoPipelining: false,
    });
    const windowOf = (kind: LimitedKind): Ratelimit =>
      new Ratelimit({
        redis,
        limiter: Ratelimit.slidingWindow(this.#rates[kind], `${WINDOW_MS} ms`),
        prefix: `kabar:rest:${kind}`,
        ephemeralCache: false,
        // Ours is the abort signal above: after its own timeout the library lets the request pass.
        timeout: 0,
      });
    this.#windows = { key: windowOf("key"), user: windowOf("user"), address: windowOf("address") };
  }

  /** Counts one request; undefined where that needed no Redis. @throws RATE_LIMITED, at once or later */
  take(kind: LimitedKind, identifier: string): Promise<void> | undefined {
    return this.admit(kind, identifier)?.();
  }

  /**
   * Refuses whom this isolate knows to be over. @returns what counts the request, to be called once, beside or after the request's own
   * work; it rejects with RATE_LIMITED where that was one too many. Undefined where it is counted already. @throws RATE_LIMITED
   *
   * Where the count is not waited for, an identifier may go over its limit by what it sends until the count is back, no more.
   */
  admit(kind: LimitedKind, identifier: string): (() => Promise<void>) | undefined {
    this.refuseIfOver(kind, identifier);
    if (this.#leases.get(`${kind}:${identifier}`)?.spend(Date.now())) return undefined;
    return async () => {
      await this.#count(kind, identifier);
      this.refuseIfOver(kind, identifier);
    };
  }

  /** Without counting. @throws RATE_LIMITED */
  refuseIfOver(kind: LimitedKind, identifier: string): void {
    const name = `${kind}:${identifier}`;
    const until = this.#overUntil.get(name);
    if (until === undefined) return;
    const wait = until - Date.now();
    if (wait <= 0) {
      this.#overUntil.delete(name);
      return;
    }
    const retryAfter = Math.ceil(wait / 1000);
    throw new ApiError("RATE_LIMITED", `too many requests; try again in ${retryAfter} s`, { retryAfter });
  }

  async #count(kind: LimitedKind, identifier: string): Promise<void> {
    const over = (await this.#countInRedis(kind, identifier)) ?? this.#countLocally(kind, identifier);
    if (over > Date.now()) this.#overUntil.set(`${kind}:${identifier}`, over);
  }

  /** Until when the identifier is over, 0 where it is not; undefined where Redis cannot tell. */
  async #countInRedis(kind: LimitedKind, identifier: string): Promise<number | undefined> {
    if (this.#windows === undefined || Date.now() < this.#redisBrokenUntil) return undefined;
    const lease = this.#leaseOf(kind, identifier);
    const count = lease.ask(Date.now());
    try {
      const { success, reset, remaining } = await this.#windows[kind].limit(identifier, { rate: count });
      if (!success) return reset;
      lease.grant(count, remaining, Date.now());
      return 0;
    } catch (error) {
      this.#redisBrokenUntil = Date.now() + BREAK_MS;
      logEvent("warn", "redis_unavailable", describeError(error));
      return undefined;
    }
  }

  #leaseOf(kind: LimitedKind, identifier: string): RequestLease {
    const name = `${kind}:${identifier}`;
    const known = this.#leases.get(name);
    if (known !== undefined) return known;
    const lease = new RequestLease(this.#rates[kind]);
    this.#leases.set(name, lease);
    return lease;
  }

  #countLocally(kind: LimitedKind, identifier: string): number {
    const name = `${kind}:${identifier}`;
    const rate = this.#rates[kind];
    const now = Date.now();
    const bucket = this.#buckets.get(name) ?? new TokenBucket(rate / 60, rate, now);
    this.#buckets.set(name, bucket);
    return bucket.take(now) ? 0 : now + Math.max(1_000, WINDOW_MS / rate);
  }
}

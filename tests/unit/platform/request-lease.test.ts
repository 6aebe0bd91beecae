import { afterEach, describe, expect, it, vi } from "vitest";
import { RequestLease } from "../../../src/domain/request-lease.ts";
import { RateLimiter } from "../../../src/platform/rate-limit.ts";

const PER_MINUTE = 600;

/** A counter that many isolates share: a fixed allowance, without the passing of time. */
function counter(allowance: number) {
  const state = { calls: 0, counted: 0 };
  const take = (count: number): number | undefined => {
    state.calls += 1;
    if (state.counted >= allowance) return undefined;
    state.counted += count;
    return state.counted > allowance ? undefined : allowance - state.counted;
  };
  return { state, take };
}

/** One request; false where it is refused. */
function request(lease: RequestLease, take: (count: number) => number | undefined, now: number): boolean {
  if (lease.spend(now)) return true;
  const count = lease.ask(now);
  const remaining = take(count);
  if (remaining === undefined) return false;
  lease.grant(count, remaining, now);
  return true;
}

afterEach(() => vi.unstubAllGlobals());

describe("requests counted ahead", () => {
  it("[RATE-5] a busy caller costs a fraction of a call each, and may still make all of its requests and no more", () => {
    const { state, take } = counter(PER_MINUTE);
    const lease = new RequestLease(PER_MINUTE);
    let passed = 0;
    while (request(lease, take, passed * 10)) passed += 1;
    expect(passed).toBe(PER_MINUTE);
    expect(state.calls).toBeLessThan(PER_MINUTE / 4);
  });

  it("[RATE-5] several isolates together let through no more than the limit, and hold back at most a tenth of it", () => {
    const { state, take } = counter(PER_MINUTE);
    const leases = Array.from({ length: 8 }, () => new RequestLease(PER_MINUTE));
    let passed = 0;
    for (let n = 0; n < 3 * PER_MINUTE; n++) {
      const lease = leases[n % 8 < 5 ? 0 : n % 8];
      if (lease !== undefined && request(lease, take, n)) passed += 1;
    }
    expect(passed).toBeLessThanOrEqual(PER_MINUTE);
    expect(passed).toBeGreaterThan(PER_MINUTE * 0.9);
    expect(state.counted).toBeGreaterThanOrEqual(passed);
  });

  it("[RATE-5] nothing is counted ahead for who calls now and then, and what is not used shrinks the next lease", () => {
    const lease = new RequestLease(PER_MINUTE);
    const asked: number[] = [];
    const at = (now: number) => {
      if (lease.spend(now)) return;
      const count = lease.ask(now);
      asked.push(count);
      lease.grant(count, PER_MINUTE, now);
    };
    for (let minute = 0; minute < 4; minute++) at(minute * 60_000);
    expect(asked).toEqual([1, 1, 1, 1]);
    for (let n = 0; n < 15; n++) at(300_000 + n * 100);
    expect(asked.slice(4)).toEqual([1, 2, 4, 8]);
    at(308_000);
    expect(asked.at(-1)).toBe(8);
    at(314_000);
    expect(asked.at(-1)).toBe(1);
  });

  it("[RATE-5] while one question is on its way, the next ones are for one request each", () => {
    const lease = new RequestLease(PER_MINUTE);
    lease.grant(lease.ask(0), PER_MINUTE, 0);
    expect([lease.ask(1), lease.ask(2), lease.ask(3)]).toEqual([2, 1, 1]);
    // An answer that never comes keeps the lease small for a second only.
    expect(lease.ask(1_100)).toBeGreaterThan(1);
  });

  it("[RATE-5] the limiter asks Redis for a fraction of the requests and tells it how many it takes", async () => {
    const increments: number[] = [];
    let left = PER_MINUTE;
    vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
      // The last argument of the script is what it counts.
      const count = Number(JSON.parse(String(init.body)).at(-1));
      increments.push(count);
      left -= count;
      return Response.json({ result: [left, PER_MINUTE] });
    });
    const limiter = new RateLimiter({
      redis: { url: "http://redis.invalid", token: "t" },
      requestsPerMinute: { key: PER_MINUTE, user: PER_MINUTE, address: PER_MINUTE },
    });
    for (let n = 0; n < 100; n++) await limiter.take("user", "u");
    expect(increments.length).toBeLessThan(20);
    const counted = increments.reduce((sum, count) => sum + count, 0);
    expect(counted).toBeGreaterThanOrEqual(100);
    expect(counted).toBeLessThanOrEqual(110);
  });
});

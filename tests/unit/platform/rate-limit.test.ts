import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../../../src/domain/api-error.ts";
import { RateLimiter } from "../../../src/platform/rate-limit.ts";

const requestsPerMinute = { key: 5, user: 3, address: 2 };
const redis = { url: "http://redis.invalid", token: "t" };

async function refusal(run: () => Promise<unknown> | unknown): Promise<ApiError | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

/** Answers Redis calls as the test says. */
function stubRedis(answer: (init: RequestInit) => Promise<Response>) {
  const fetch = vi.fn((_url: string, init: RequestInit) => answer(init));
  vi.stubGlobal("fetch", fetch);
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  return fetch;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("request limits", () => {
  it("[RATE-2] hold in the isolate where there is no Redis", async () => {
    const limiter = new RateLimiter({ redis: undefined, requestsPerMinute });
    for (let count = 0; count < 3; count++) await limiter.take("user", "u");
    const error = await refusal(() => limiter.take("user", "u"));
    expect(error).toMatchObject({ code: "RATE_LIMITED", status: 429 });
    expect(error?.retryAfter).toBeGreaterThan(0);
    expect(await refusal(() => limiter.take("user", "another"))).toBeUndefined();
  });

  it("[RATE-2] a Redis that hangs is waited for 300 ms once, then not asked for a while", async () => {
    const fetch = stubRedis(
      (init) => new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(init.signal?.reason))),
    );
    const limiter = new RateLimiter({ redis, requestsPerMinute });
    const startedAt = performance.now();
    for (let count = 0; count < 3; count++) await limiter.take("user", "u");
    expect(performance.now() - startedAt).toBeLessThan(600);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(await refusal(() => limiter.take("user", "u"))).toMatchObject({ code: "RATE_LIMITED" });
  });

  it("[RATE-1] who is over is refused with the time of reset, and not asked about again", async () => {
    const fetch = stubRedis(async () => Response.json({ result: [-1, 5] }));
    const limiter = new RateLimiter({ redis, requestsPerMinute });
    expect(await refusal(() => limiter.take("key", "k"))).toMatchObject({ code: "RATE_LIMITED" });
    const calls = fetch.mock.calls.length;
    expect(await refusal(() => limiter.take("key", "k"))).toMatchObject({ code: "RATE_LIMITED" });
    expect(fetch.mock.calls.length).toBe(calls);
  });

  it("[RATE-4] who is admitted passes at once and is counted when asked for", async () => {
    const limiter = new RateLimiter({ redis: undefined, requestsPerMinute });
    const counts = Array.from({ length: 3 }, () => limiter.admit("user", "u"));
    for (const count of counts) await count?.();
    expect(await refusal(limiter.admit("user", "u") ?? (() => undefined))).toMatchObject({ code: "RATE_LIMITED" });
    expect(await refusal(() => limiter.admit("user", "u"))).toMatchObject({ code: "RATE_LIMITED" });
  });
});

/** Milliseconds after a failed attempt until the next: 30 s, 2 min, 10 min, 1 h, 6 h. */
export const RETRY_DELAYS_MS = [30_000, 120_000, 600_000, 3_600_000, 21_600_000] as const;
/** Milliseconds that a receiver has for its answer. */
export const DELIVERY_TIMEOUT_MS = 10_000;
/** Given-up deliveries in a row after which a webhook is disabled. */
export const MAX_FAILURES = 24;
/** How long dead letters are kept, and how long deliveries that went well are listed. */
export const DEAD_LETTER_MS = 7 * 24 * 3_600_000;
export const DELIVERED_MS = 24 * 3_600_000;
/** Of each webhook: delivered ones beyond this many are dropped from the list, oldest first. */
export const DELIVERED_LISTED = 1_000;

/** What an attempt came to: an HTTP status, or why there was no answer. */
export type AttemptResult = { status: number } | { error: string; final?: boolean };

export type Verdict =
  | { outcome: "delivered" }
  | { outcome: "retry"; delayMs: number; error: string }
  | { outcome: "failed"; error: string };

/**
 * What follows from an attempt. 2xx is success; 4xx is final, since the receiver has understood and does not want it; all
 * else (5xx, redirects, which are not followed, no answer) is tried again until the schedule is used up.
 *
 * @param attempts how many there were, this one included
 */
export function judgeAttempt(result: AttemptResult, attempts: number): Verdict {
  if ("status" in result && result.status >= 200 && result.status < 300) return { outcome: "delivered" };
  const error = "status" in result ? `answered ${result.status}` : result.error;
  const isFinal = "status" in result ? result.status >= 400 && result.status < 500 : result.final === true;
  const delayMs = RETRY_DELAYS_MS[attempts - 1];
  return isFinal || delayMs === undefined ? { outcome: "failed", error } : { outcome: "retry", delayMs, error };
}

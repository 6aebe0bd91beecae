/**
 * Runs `work` with a signal that aborts after `ms`. The timer goes when the work is done: one left behind, as
 * `AbortSignal.timeout` leaves it, keeps a Durable Object awake, and billed, until it has run out.
 *
 * @throws what `work` throws; a DOMException named `TimeoutError` is the signal's reason after `ms`
 */
export async function withDeadline<Value>(ms: number, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new DOMException(`no answer within ${ms} ms`, "TimeoutError")), ms);
  try {
    return await work(abort.signal);
  } finally {
    clearTimeout(timer);
  }
}

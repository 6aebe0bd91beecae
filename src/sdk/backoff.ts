/**
 * Full-jitter back-off: a random share of a bound that doubles with each failure, so that the clients of a server that
 * restarted do not return in step.
 * @param failures failures so far, from 0
 * @returns milliseconds to wait
 */
export function backoffDelay(failures: number, baseMs: number, maxMs: number, random: () => number = Math.random) {
  return Math.floor(random() * Math.min(maxMs, baseMs * 2 ** Math.min(failures, 30)));
}

import { canonical } from "./normalize.ts";

/** More messages than this … */
export const FLOOD_MESSAGES = 5;
/** … within this time (milliseconds) are a flood; so is the same text … */
export const FLOOD_WINDOW_MS = 5_000;
/** … this many times … */
export const FLOOD_REPEATS = 3;
/** … within this time. */
export const FLOOD_REPEAT_WINDOW_MS = 30_000;

/** Messages that are remembered per user and channel, and how many users in channels. */
const MAX_MESSAGES = 40;
const MAX_KEYS = 10_000;

interface Seen {
  at: number;
  text: string;
}

/**
 * Who wrote what in the last half minute, in memory only: after a pause long enough to put the hub to sleep nobody is flooding.
 * Refused messages count too, so that going on does not help; a pause does.
 */
export class FloodWatch {
  readonly #seen = new Map<string, Seen[]>();

  /** Notes a message, and tells whether it is one too many. `key` names user and channel, `now` is in milliseconds. */
  note(key: string, content: string, now: number): boolean {
    const text = fingerprint(content);
    const recent = (this.#seen.get(key) ?? []).filter((one) => one.at > now - FLOOD_REPEAT_WINDOW_MS);
    recent.push({ at: now, text });
    // Re-inserted, so that the map's order is that of use and the oldest go first.
    this.#seen.delete(key);
    this.#seen.set(key, recent.slice(-MAX_MESSAGES));
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= MAX_KEYS) break;
      this.#seen.delete(oldest);
    }
    const burst = recent.filter((one) => one.at > now - FLOOD_WINDOW_MS).length;
    const repeats = text === "" ? 0 : recent.filter((one) => one.text === text).length;
    return burst > FLOOD_MESSAGES || repeats >= FLOOD_REPEATS;
  }
}

/** Short, and equal for texts that differ in case, accents and white space only; empty for a text without content. */
function fingerprint(content: string): string {
  const text = canonical(content).replace(/\s+/gu, " ").trim();
  if (text.length <= 32) return text;
  // FNV-1a, twice with different starts: a collision would only take one text for another within half a minute.
  let [one, two] = [0x811c9dc5, 0x01000193];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ unit, 0x85ebca6b);
  }
  return `${text.length}:${one >>> 0}:${two >>> 0}`;
}

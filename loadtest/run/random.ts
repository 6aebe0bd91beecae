/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` moments within a period, as a crowd that knows nothing of each other would choose them. */
export function randomOffsets(count: number, periodMs: number, random: () => number): number[] {
  return Array.from({ length: count }, () => random() * periodMs);
}

/** `count` moments within a period, all as far apart as can be. */
export function evenOffsets(count: number, periodMs: number): number[] {
  return Array.from({ length: count }, (_, index) => ((index + 0.5) / count) * periodMs);
}

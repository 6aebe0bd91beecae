/**
 * Milliseconds to wait before attempt `failures + 1`: doubling from `base` to `cap`, with full jitter on the upper
 * half so that many workspaces do not return to a recovering database in step.
 *
 * @param random uniform in [0, 1)
 */
export function backOff(failures: number, base: number, cap: number, random: number): number {
  const ceiling = Math.min(cap, base * 2 ** Math.min(failures - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

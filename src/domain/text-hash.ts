/** Odd, so that a step loses nothing; from MurmurHash3's finalizer (Austin Appleby, public domain), which mixes all bits. */
const FIRST = 0x85ebca6b;
const SECOND = 0xc2b2ae35;

/**
 * A number of 53 bits for a text, the same in every version: two lanes that take up one UTF-16 unit after the other as FNV-1a does
 * (Fowler, Noll, Vo), each with a multiplier of its own. Texts with the same number can be made on purpose, so whoever looks
 * something up by it compares what was found.
 */
export function textHash(text: string): number {
  let low = FIRST;
  let high = SECOND;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, FIRST);
    high = Math.imul(high ^ unit, SECOND);
  }
  low = mixed(low ^ (high >>> 15));
  high = mixed(high ^ (low >>> 13));
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

function mixed(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), FIRST);
  const second = Math.imul(first ^ (first >>> 13), SECOND);
  return second ^ (second >>> 16);
}

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * A ULID (github.com/ulid/spec): 48 bits of time, 80 bits of chance, in Crockford's base 32, so that ids sort by time.
 *
 * @param time unix milliseconds
 * @param random uniform in [0, 1)
 */
export function ulid(time: number, random: () => number): string {
  let head = "";
  for (let rest = time, place = 0; place < 10; place++) {
    head = ALPHABET.charAt(rest % 32) + head;
    rest = Math.floor(rest / 32);
  }
  let tail = "";
  for (let place = 0; place < 16; place++) tail += ALPHABET.charAt(Math.floor(random() * 32));
  return head + tail;
}

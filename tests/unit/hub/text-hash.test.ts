import { describe, expect, it } from "vitest";
import { textHash } from "../../../src/domain/text-hash.ts";

describe("a text's number", () => {
  it("[SEND-2] is the same in every version, since it is stored", () => {
    expect(["", "a", "b", "ab", "ba", "🙂 k1"].map(textHash)).toEqual([
      794060843503244, 5488601285358163, 5045695146887807, 1461365216727873, 4802972527441947, 4741520589367850,
    ]);
  });

  it("[SEND-2] is a safe integer, and differs for texts that differ little", () => {
    const numbers = Array.from({ length: 50_000 }, (_, at) => textHash(`peer-${at % 500} channel key-${at}`));
    expect(numbers.every((number) => Number.isSafeInteger(number) && number >= 0)).toBe(true);
    expect(new Set(numbers).size).toBe(numbers.length);
    // Also in any 32 bits of it, but for what chance allows.
    expect(new Set(numbers.map((number) => number % 2 ** 32)).size).toBeGreaterThan(numbers.length - 10);
    expect(new Set(numbers.map((number) => Math.floor(number / 2 ** 21))).size).toBeGreaterThan(numbers.length - 10);
  });
});

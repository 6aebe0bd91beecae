import fc from "fast-check";
import { expect, it } from "vitest";
import { exceedsBytes } from "../../../src/protocol/primitives.ts";

it("[SEND-6] a text is too large by its bytes in UTF-8, however few of them are looked at", () => {
  const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }), fc.string());
  fc.assert(
    fc.property(text, fc.integer({ min: -2, max: 2 }), fc.boolean(), (given, by, isNear) => {
      const bytes = Buffer.byteLength(given);
      const most = Math.max(0, isNear ? bytes + by : given.length + by);
      expect(exceedsBytes(given, most)).toBe(bytes > most);
    }),
    { numRuns: 2_000 },
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { wireTimeOf } from "../../../src/data/wire-time.ts";

test("[HIST-4] a time of a message in a page is what Date makes of it, on any day and between days", () => {
  const moment = fc.integer({ min: Date.UTC(0, 0, 1), max: Date.UTC(9998, 11, 31) });
  const nearby = fc.tuple(moment, fc.array(fc.integer({ min: -90_000_000, max: 90_000_000 }), { maxLength: 5 }));
  fc.assert(
    fc.property(nearby, ([at, steps]) => {
      for (const step of [0, ...steps]) expect(wireTimeOf(at + step)).toBe(new Date(at + step).toISOString());
    }),
  );
});

import { describe, expect, it } from "vitest";
import { ownStrings } from "../../../src/data/own-strings.ts";

describe("ownStrings", () => {
  it("gives the same texts, however many", () => {
    for (const texts of [[], [""], ["", ""], ["0190a000-0000-7000-8003-000000000001", "", "ü"]]) {
      expect(ownStrings(texts)).toEqual(texts);
    }
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headlineMarks, readHeadline } from "../../../src/domain/highlights.ts";

const marks = headlineMarks("n0nce");
const mark = (word: string) => `${marks.start}${word}${marks.stop}`;

describe("highlights", () => {
  it("[SRCH-4] reads pieces and ranges out of a headline, and leaves out pieces without a word", () => {
    const headline = `before ${mark("two words")} and ${mark("more")}${marks.gap}nothing here${marks.gap}${mark("end")}`;
    expect(readHeadline(headline, marks)).toEqual([
      {
        text: "before two words and more",
        ranges: [
          { start: 7, end: 16 },
          { start: 21, end: 25 },
        ],
      },
      { text: "end", ranges: [{ start: 0, end: 3 }] },
    ]);
    expect(readHeadline("", marks)).toEqual([]);
  });

  it("[SRCH-4] gives back any text as it was, whatever brackets and emoji it has", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme", minLength: 1 }), (before, word) => {
        const [piece] = readHeadline(`[[x+${before}${mark(word)}-x]]`, marks);
        expect(piece?.text).toBe(`[[x+${before}${word}-x]]`);
        const [range] = piece?.ranges ?? [];
        expect(piece?.text.slice(range?.start, range?.end)).toBe(word);
      }),
    );
  });
});

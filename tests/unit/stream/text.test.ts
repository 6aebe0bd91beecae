import { describe, expect, it } from "vitest";
import { applyPiece, placePiece } from "../../../src/domain/stream-text.ts";

describe("pieces of a text", () => {
  it.each([
    ["at the end", "abc", 3, "de", { kind: "grow", rest: "de" }],
    ["again", "abc", 1, "bc", { kind: "repeat" }],
    ["again and further", "abc", 1, "bcd", { kind: "grow", rest: "d" }],
    ["something else", "abc", 1, "bx", { kind: "conflict" }],
    ["behind a hole", "abc", 4, "e", { kind: "conflict" }],
  ])("[STREAM-2] %s", (_name, text, offset, piece, expected) => {
    expect(placePiece(text, offset, piece)).toEqual(expected);
  });

  it.each([
    ["grows", "abc", 3, "d", "abcd"],
    ["is set anew", "abcd", 0, "abc", "abc"],
    ["is replaced from the offset on", "abcd", 2, "x", "abx"],
    ["lacks what is before", "abc", 5, "x", undefined],
  ])("[STREAM-4] a receiver's text %s", (_name, text, offset, piece, expected) => {
    expect(applyPiece(text, offset, piece)).toBe(expected);
  });
});

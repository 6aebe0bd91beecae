import type { Span } from "./normalize.ts";

/** Digits of a number stand together or with one separator between them. */
const SEPARATOR = String.raw`[ .\-()]{0,2}`;

const PATTERNS: readonly RegExp[] = [
  // Indonesian mobile numbers: 08xx and six to nine more digits.
  /(?<![\p{L}\p{N}_/=#])08\d{2}(?:[ .-]?\d){6,9}(?!\d)/gu,
  // The same with the country's code.
  /(?<![\p{L}\p{N}_/=#+])62[ -]?8\d{1,2}(?:[ .-]?\d){6,9}(?!\d)/gu,
  // Any number in international form: + and eight to fifteen digits (E.164).
  new RegExp(String.raw`(?<![\p{L}\p{N}_/=#+])\+[1-9](?:${SEPARATOR}\d){7,14}(?!\d)`, "gu"),
  // A long run of digits, not within an id or a path.
  /(?<![\p{L}\p{N}_/=#.,-])\d{10,}(?![\p{L}\p{N}_-])(?![.,]\d)/gu,
];

/** Where a text contains what may be a phone number. */
export function findPhones(text: string): Span[] {
  return PATTERNS.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(({ 0: found, index }) => ({ start: index, end: index + found.length })),
  );
}

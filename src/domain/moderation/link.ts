import type { Span } from "./normalize.ts";

/** Top-level domains under which a bare name ("example.com") counts as a link; others need a scheme, a path or `www.`. */
const DOMAINS =
  "com|net|org|info|biz|io|co|id|my|sg|au|uk|us|de|dev|app|xyz|link|shop|site|online|store|top|club|live|gg|tv|ly|me";

const WITH_SCHEME = /\b(?:https?|ftp):\/\/[^\s<>"]{1,2048}/giu;
const WITH_WWW = /(?<![\p{L}\p{N}_@.-])www\.[^\s<>"]{2,2048}/giu;
const BARE = new RegExp(
  String.raw`(?<![\p{L}\p{N}_@.-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}(?:${DOMAINS})(?![\p{L}\p{N}_-])(?!\.[\p{L}\p{N}])(?:[/?#][^\s<>"]{0,2048})?`,
  "giu",
);
const WITH_PATH =
  /(?<![\p{L}\p{N}_@.-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}[a-z]{2,24}\/[^\s<>"]{1,2048}/giu;

/** Where a text contains a link. Mail addresses are none. */
export function findLinks(text: string): Span[] {
  const spans: Span[] = [];
  for (const pattern of [WITH_SCHEME, WITH_WWW, BARE, WITH_PATH]) {
    for (const { 0: found, index } of text.matchAll(pattern)) {
      // Punctuation at the end is the sentence's.
      const length = found.replace(/[.,;:!?'")\]]+$/u, "").length;
      spans.push({ start: index, end: index + length });
    }
  }
  return spans;
}

import { canonical, type Span, type Word, wordsOf } from "./normalize.ts";
import { PROFANITY } from "./word-lists.ts";

/** Scripts that put no spaces between words: there an entry counts wherever it stands. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** A list made ready for matching. */
export interface WordList {
  words: ReadonlySet<string>;
  /** First word → phrases of two words and more that begin with it. */
  phrases: ReadonlyMap<string, readonly (readonly string[])[]>;
  /** Entries in unspaced scripts, composed and in lower case. */
  anywhere: readonly string[];
}

/** Compiles words and phrases. Entries without a letter or digit match nothing. */
export function compileWords(entries: readonly string[]): WordList {
  const words = new Set<string>();
  const phrases = new Map<string, string[][]>();
  const anywhere: string[] = [];
  for (const entry of entries) {
    if (UNSPACED.test(entry)) {
      const text = entry.normalize("NFC").toLowerCase().trim();
      if (text !== "") anywhere.push(text);
      continue;
    }
    const parts = wordsOf(entry).map((word) => word.forms[0] ?? "");
    const [first, ...rest] = parts;
    if (first === undefined) continue;
    if (rest.length === 0) words.add(first);
    else phrases.set(first, [...(phrases.get(first) ?? []), parts]);
  }
  return { words, phrases, anywhere };
}

let builtInWords: WordList | undefined;

/** The built-in lists, compiled with the first text that is judged: most Workers that start judge none. */
function builtIn(): WordList {
  builtInWords ??= compileWords(PROFANITY);
  return builtInWords;
}

/** Where a text contains profanity: words of the built-in lists except those of `allowed`, and everything of `blocked`. */
export function findProfanity(text: string, blocked: WordList, allowed: WordList): Span[] {
  const words = wordsOf(text);
  const spans = findWords(words, blocked);
  for (const span of findWords(words, builtIn())) {
    if (!allowed.words.has(canonical(text.slice(span.start, span.end)))) spans.push(span);
  }
  if (blocked.anywhere.length > 0) spans.push(...findAnywhere(text, blocked.anywhere));
  return spans;
}

function findWords(words: readonly Word[], list: WordList): Span[] {
  const spans: Span[] = [];
  if (list.words.size === 0 && list.phrases.size === 0) return spans;
  words.forEach((word, index) => {
    if (word.forms.some((form) => list.words.has(form))) spans.push({ start: word.start, end: word.end });
    if (list.phrases.size === 0) return;
    for (const phrase of word.forms.flatMap((form) => list.phrases.get(form) ?? [])) {
      const run = words.slice(index, index + phrase.length);
      const last = run.at(-1);
      const fits = run.length === phrase.length && run.every((one, at) => one.forms.includes(phrase[at] ?? ""));
      if (fits && last !== undefined) spans.push({ start: word.start, end: last.end });
    }
  });
  return spans;
}

function findAnywhere(text: string, entries: readonly string[]): Span[] {
  const lower = text.toLowerCase();
  // Lower case may be longer than its original (İ); then places would be off, and such text is in another script anyway.
  if (lower.length !== text.length) return [];
  const spans: Span[] = [];
  for (const entry of entries) {
    for (let at = lower.indexOf(entry); at !== -1; at = lower.indexOf(entry, at + entry.length)) {
      spans.push({ start: at, end: at + entry.length });
    }
  }
  return spans;
}

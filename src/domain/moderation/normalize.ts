/** A run of letters, digits and the signs that stand in for letters ("a$$", "sh!t"). */
const TOKEN = /[\p{L}\p{M}\p{N}@$!]+/gu;
const LETTERS = /[\p{L}\p{M}\p{N}]+/gu;
const SIGNS = /[@$!]/;
/** Words of plain letters without a run of three: most words. */
const SIMPLE = /^(?!.*(.)\1\1)[a-z]+$/;
const LATIN = /\p{Script=Latin}/u;

/** Digits and signs that are written for a letter. */
const LEET: Record<string, string> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "8": "b",
  "9": "g",
  "@": "a",
  $: "s",
  "!": "i",
};

/** Cyrillic and Greek letters that look like Latin ones; used only inside words that also have Latin letters. */
const LOOK_ALIKES: Record<string, string> = {
  а: "a",
  в: "b",
  е: "e",
  к: "k",
  м: "m",
  н: "h",
  о: "o",
  р: "p",
  с: "c",
  т: "t",
  у: "y",
  х: "x",
  і: "i",
  ѕ: "s",
  α: "a",
  ο: "o",
  ν: "v",
};

/** A stretch of a text. `end` is the index behind its last UTF-16 unit. */
export interface Span {
  start: number;
  end: number;
}

/** A word of a text where it stands, with the forms under which a list may have it. */
export interface Word extends Span {
  forms: readonly string[];
}

/**
 * The words of a text, in order. A run with signs in it counts as a whole, and its runs of letters and digits count as words too:
 * "sh!t" is one word, "shit!" contains one.
 */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  const add = (start: number, raw: string) => {
    words.push({ start, end: start + raw.length, forms: formsOf(raw) });
  };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (!SIGNS.test(token)) {
      add(index, token);
      continue;
    }
    const inner = token.replace(/^[@$!]+|[@$!]+$/g, "");
    if (inner === "") continue;
    const start = index + token.indexOf(inner);
    add(start, inner);
    if (!SIGNS.test(inner)) continue;
    for (const part of inner.matchAll(LETTERS)) add(start + part.index, part[0]);
  }
  return words;
}

const ASCII = /^[\x20-\x7e]*$/;

/** One word as lists have it: lower case, composed, without accents. */
export function canonical(word: string): string {
  if (ASCII.test(word)) return word.toLowerCase();
  return word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().normalize("NFC");
}

/**
 * Every form in which a list may have the word: as it is; with digits and signs read as letters; and, where a letter is repeated
 * three times or more, with each such run as one letter and as two. Most words have one form.
 */
function formsOf(raw: string): string[] {
  const plain = canonical(raw);
  if (SIMPLE.test(plain)) return [plain];
  const forms = [plain];
  const letters = !ASCII.test(plain) && LATIN.test(plain) ? replaceEach(plain, LOOK_ALIKES) : plain;
  if (letters !== plain) forms.push(letters);
  if (/[0-9@$!]/.test(letters) && /\p{L}/u.test(letters)) forms.push(replaceEach(letters, LEET));
  for (const form of [...forms]) {
    if (!/(.)\1\1/u.test(form)) continue;
    forms.push(form.replace(/(.)\1{2,}/gu, "$1"), form.replace(/(.)\1{2,}/gu, "$1$1"));
  }
  return forms;
}

function replaceEach(text: string, table: Record<string, string>): string {
  let out = "";
  for (const char of text) out += table[char] ?? char;
  return out;
}

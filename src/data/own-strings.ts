/**
 * The same texts, each with its characters for itself. What `split` and templates make are mostly views of other strings, and an object with
 * one of those leaves V8's fast way of printing JSON: a message then takes two and a half times as long.
 *
 * @param texts without quotes, backslashes and control characters
 */
export function ownStrings(texts: readonly string[]): string[] {
  return texts.length === 0 ? [] : (JSON.parse(`["${texts.join('","')}"]`) as string[]);
}

import type { Highlight } from "../protocol/search.ts";

/** Marks that a headline's author cannot know beforehand, so that no message can pretend to be marked. */
export interface HeadlineMarks {
  start: string;
  stop: string;
  /** Between two pieces of the message. */
  gap: string;
}

/** Fresh marks; `nonce` is unguessable text of letters and digits. */
export function headlineMarks(nonce: string): HeadlineMarks {
  return { start: `[[${nonce}+`, stop: `-${nonce}]]`, gap: `[[${nonce}|` };
}

/** Turns a marked headline into plain pieces with ranges. Pieces without a mark are left out. */
export function readHeadline(headline: string, { start, stop, gap }: HeadlineMarks): Highlight[] {
  return headline.split(gap).flatMap((piece) => {
    const ranges: Highlight["ranges"] = [];
    let text = "";
    for (const [index, part] of piece.split(start).entries()) {
      if (index === 0) {
        text += part;
        continue;
      }
      const end = part.indexOf(stop);
      const word = end === -1 ? part : part.slice(0, end);
      ranges.push({ start: text.length, end: text.length + word.length });
      text += word + (end === -1 ? "" : part.slice(end + stop.length));
    }
    return ranges.length === 0 ? [] : [{ text, ranges }];
  });
}

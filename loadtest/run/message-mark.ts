/** Each message in a page's JSON has it once; within a string its quotes would be escaped. */
export const MESSAGE_IN_PAGE = '"seq":';

/** The beginning of a message's content, by which the run knows its own messages again. */
const pattern = /^load:([a-z0-9]+):(\d+) /;
const filler = "the quick brown fox jumps over the lazy dog ".repeat(200);

/** Content of exactly `bytes` ASCII characters that carries the run and the message's number. */
export function markedContent(run: string, number: number, bytes: number): string {
  const mark = `load:${run}:${number} `;
  return `${mark}${filler.slice(0, Math.max(0, bytes - mark.length))}`;
}

/** Number of a message of this run; undefined for anyone else's. */
export function readMark(content: string, run: string): number | undefined {
  const match = pattern.exec(content);
  return match?.[1] === run ? Number(match[2]) : undefined;
}

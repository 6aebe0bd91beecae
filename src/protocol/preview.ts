/** Code points of the longest preview. */
export const PREVIEW_CHARS = 200;

/** The beginning of a text as quotes show it, cut between code points so that no character is torn. */
export function preview(content: string): string {
  return content.length <= PREVIEW_CHARS ? content : `${[...content].slice(0, PREVIEW_CHARS).join("")}…`;
}

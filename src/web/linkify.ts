import { h } from "./dom.ts";

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;

/** The text as nodes, with web addresses as links that open apart and learn nothing of this page. */
export function linkify(text: string): Node[] {
  const nodes: Node[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    nodes.push(document.createTextNode(text.slice(end, match.index)));
    nodes.push(h("a", { href: match[0], target: "_blank", rel: "noopener noreferrer" }, match[0]));
    end = match.index + match[0].length;
  }
  nodes.push(document.createTextNode(text.slice(end)));
  return nodes;
}

/** The address where it is http(s); others (`javascript:`) are not for `href` and `src`. */
export function safeUrl(url: string | null | undefined): string | undefined {
  return url && /^(https?:|blob:)/i.test(url) ? url : undefined;
}

import type { Mention } from "../sdk/index.ts";
import { h } from "./dom.ts";
import { linkify } from "./linkify.ts";

/** A message's text as nodes: web addresses as links, mentioned names marked, those of the reader more so. */
export function richText(text: string, mentions: Mention[], myId: string): Node[] {
  // The longest name first, so that "@Ayu Lestari" is not taken for "@Ayu".
  const names = mentions.map((one) => ({ mark: `@${one.name}`, isMe: one.user_id === myId }));
  names.sort((one, two) => two.mark.length - one.mark.length);
  const nodes: Node[] = [];
  let plain = "";
  for (let at = 0; at < text.length; ) {
    const found = text[at] === "@" ? names.find(({ mark }) => text.startsWith(mark, at)) : undefined;
    if (!found) {
      plain += text[at];
      at += 1;
      continue;
    }
    nodes.push(...linkify(plain), h("span", { className: found.isMe ? "mention is-me" : "mention" }, found.mark));
    plain = "";
    at += found.mark.length;
  }
  return [...nodes, ...linkify(plain)];
}

import type { Message } from "../sdk/index.ts";
import { h } from "./dom.ts";

type Quoted = NonNullable<Message["quoted_message"]>;

/** What a quoted message says in one line. */
export function quotedText({ deleted, content, type }: Pick<Quoted, "deleted" | "content" | "type">): string {
  if (deleted) return "Message removed";
  return content || (type === "image" ? "Photo" : "File");
}

/** The message that a reply quotes; a press goes there. */
export function quoteView(quoted: Quoted, jump: () => void): HTMLElement {
  return h(
    "button",
    {
      type: "button",
      className: quoted.deleted ? "quote is-removed" : "quote",
      testid: "quote",
      title: "Show the message",
      onclick: jump,
    },
    h("span", { className: "quote-name" }, quoted.user_name || "Former user"),
    h("span", { className: "quote-text" }, quotedText(quoted)),
  );
}

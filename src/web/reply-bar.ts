import { h } from "./dom.ts";
import { icon } from "./icons.ts";
import { quotedText } from "./quote-view.ts";
import type { Talk } from "./talk.ts";

/** Over the composer: which message the next one replies to. */
export function replyBar(): { element: HTMLElement; draw(talk: Talk | undefined): void } {
  const element = h("div", { className: "reply-bar", testid: "reply-bar", hidden: true });
  const draw = (talk: Talk | undefined) => {
    const message = talk?.replyTo;
    element.hidden = !message;
    element.replaceChildren();
    if (!message) return;
    const { content, type, deleted_at } = message;
    element.append(
      icon("reply"),
      h(
        "p",
        {},
        h("span", { className: "quote-name" }, `Replying to ${message.user?.name ?? "Former user"}`),
        h("span", { className: "quote-text" }, quotedText({ content, type, deleted: deleted_at !== null })),
      ),
      h(
        "button",
        { type: "button", className: "tool", aria: { label: "Do not reply" }, onclick: () => talk?.reply(undefined) },
        icon("close"),
      ),
    );
  };
  return { element, draw };
}

import type { Message } from "../sdk/index.ts";
import { h } from "./dom.ts";
import { emojiName } from "./emoji.ts";

/** The reactions under a message; a press sets the own one, or takes it away. */
export function reactionsView(message: Message, toggle: (emoji: string) => void): HTMLElement {
  const chips = message.reactions.map(({ emoji, count, reacted_by_me: mine }) => {
    const label = `${emojiName(emoji)}, ${count}${mine ? ", yours included" : ""}`;
    return h(
      "button",
      {
        type: "button",
        className: "reaction",
        testid: "reaction",
        title: mine ? "Take your reaction away" : "React the same",
        aria: { label, pressed: String(mine) },
        data: { emoji },
        onclick: () => toggle(emoji),
      },
      h("span", { className: "reaction-emoji" }, emoji),
      h("span", { className: "reaction-count" }, String(count)),
    );
  });
  return h(
    "div",
    { className: "reactions", testid: "reactions", role: "group", aria: { label: "Reactions" } },
    ...chips,
  );
}

import type { Message } from "../sdk/index.ts";
import { ownReaction } from "../sdk/live.ts";
import { h } from "./dom.ts";
import { emojiButtons, QUICK } from "./emoji-picker.ts";
import { icon } from "./icons.ts";
import { type ActionPlace, actionsOf } from "./message-actions.ts";
import type { PaneStore } from "./pane-store.ts";
import { openPopover } from "./popover.ts";
import type { Talk } from "./talk.ts";

/** Opens the menu of all that can be done with a message; quick reactions come first. */
export function openMessageMenu(store: PaneStore, talk: Talk, message: Message, place: ActionPlace): void {
  const actions = actionsOf(store, talk, message, place);
  if (actions.length === 0) return;
  const after = (run: () => void) => () => {
    close();
    run();
  };
  const quick = emojiButtons(QUICK, ownReaction(message.reactions), (emoji) =>
    after(() => talk.toggleReaction(message, emoji))(),
  );
  const items = actions.map(({ name, label, icon: drawing, key, isDanger, run }) =>
    h(
      "button",
      {
        type: "button",
        className: isDanger ? "menu-item is-danger" : "menu-item",
        role: "menuitem",
        testid: `menu-${name}`,
        onclick: after(run),
        aria: { keyshortcuts: key },
      },
      icon(drawing),
      h("span", {}, label),
      h("kbd", { aria: { hidden: "true" } }, key === "Delete" ? "Del" : key.toUpperCase()),
    ),
  );
  const close = openPopover({
    className: "menu",
    label: "Message",
    role: "menu",
    ...place,
    content: [h("div", { className: "menu-quick", role: "group", aria: { label: "React" } }, ...quick), ...items],
  });
}

import { h } from "./dom.ts";
import type { PaneStore } from "./pane-store.ts";

/** Says new messages to those who do not see them. */
export function announcer(store: PaneStore): HTMLElement {
  const element = h("p", {
    className: "visually-hidden",
    testid: "announcer",
    role: "status",
    aria: { live: "polite" },
  });
  store.events.on("announce", (text) => {
    element.textContent = text;
  });
  return element;
}

import { h } from "./dom.ts";
import type { PaneStore } from "./pane-store.ts";

const SAID_MS = 3_000;

/** Says new messages to those who do not see them. */
export function announcer(store: PaneStore): HTMLElement {
  const element = h("p", {
    className: "visually-hidden",
    testid: "announcer",
    role: "status",
    aria: { live: "polite" },
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  store.events.on("announce", (text) => {
    element.textContent = text;
    clearTimeout(timer);
    // What was said does not stay to be found, least of all when it is unsent.
    timer = setTimeout(() => element.replaceChildren(), SAID_MS);
  });
  return element;
}

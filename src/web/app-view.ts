import { h, setText } from "./dom.ts";
import type { PaneStore } from "./pane-store.ts";
import { paneView } from "./pane-view.ts";

/** Both users' sides, and where the window is narrow the tabs that choose one. */
export function appView(stores: PaneStore[]): HTMLElement {
  const main = h("main", { className: "panes", data: { side: "0" } });
  const tabs = stores.map((store, side) => tab(store, side, () => choose(side)));
  const choose = (side: number) => {
    main.dataset.side = String(side);
    for (const [index, { element }] of tabs.entries()) element.setAttribute("aria-pressed", String(index === side));
  };
  for (const [side, store] of stores.entries()) {
    main.append(paneView(store, side));
  }
  choose(0);
  const bar = h("div", { className: "tabs", role: "group", aria: { label: "Whose side to show" } });
  bar.append(...tabs.map(({ element }) => element));
  return h("div", { className: "app" }, bar, main);
}

function tab(store: PaneStore, side: number, choose: () => void) {
  const badge = h("span", { className: "badge", hidden: true });
  const element = h(
    "button",
    {
      type: "button",
      className: `tab side-${side}`,
      testid: `tab-${side}`,
      onclick: choose,
      aria: { controls: `pane-${side}` },
    },
    h("span", { className: "tab-dot" }),
    store.me.name,
    badge,
  );
  store.events.on("connection", (state) => {
    element.dataset.state = state;
  });
  store.events.on("channels", () => {
    const { total } = store.client.unread;
    setText(badge, String(total));
    badge.hidden = total === 0;
  });
  return { element };
}

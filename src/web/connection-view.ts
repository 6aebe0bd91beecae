import type { ConnectionState } from "../sdk/index.ts";
import { h, setText } from "./dom.ts";
import { icon } from "./icons.ts";
import type { PaneStore } from "./pane-store.ts";

const LABELS: Record<ConnectionState, string> = {
  connecting: "Connecting",
  online: "Online",
  offline: "Offline",
  closed: "Disconnected",
};

/** The connection's state, and the button that cuts this side's line. */
export function connectionView(store: PaneStore): { pill: HTMLElement; toggle: HTMLElement } {
  const label = h("span", {});
  const pill = h("span", { className: "state", testid: "state", role: "status" }, label);
  const text = h("span", {});
  const toggle = h(
    "button",
    { type: "button", className: "offline-toggle", testid: "offline-toggle" },
    icon("plug"),
    text,
  );
  const draw = (state: ConnectionState) => {
    const cut = state === "offline" || state === "closed";
    pill.dataset.state = state;
    setText(label, LABELS[state]);
    setText(text, cut ? "Go online" : "Go offline");
    toggle.title = cut ? "Connect this side again" : "Cut this side's connection";
    toggle.classList.toggle("is-cut", cut);
  };
  toggle.addEventListener("click", () => {
    if (store.connection === "offline" || store.connection === "closed") store.goOnline();
    else store.goOffline();
  });
  store.events.on("connection", draw);
  draw(store.connection);
  return { pill, toggle };
}

import { announcer } from "./announcer.ts";
import { avatar } from "./avatar.ts";
import { channelListView } from "./channel-list-view.ts";
import { connectionView } from "./connection-view.ts";
import { conversationView } from "./conversation-view.ts";
import { h } from "./dom.ts";
import type { PaneStore } from "./pane-store.ts";
import { threadView } from "./thread-view.ts";
import { Toasts } from "./toasts.ts";

/** Pixels of a pane from which a thread stands beside the conversation; also in panels.css. */
const BESIDE_WIDTH = 820;

/** One user's whole side. In a narrow place it shows either the list or the conversation. */
export function paneView(store: PaneStore, side: number): HTMLElement {
  const { name, id } = store.me;
  const toasts = new Toasts();
  store.events.on("notice", (notice) => toasts.show(notice));
  const { pill, toggle } = connectionView(store);
  const body = h("div", { className: "pane-body", data: { shows: "conversation" } });
  const show = (what: "list" | "conversation") => {
    body.dataset.shows = what;
  };
  const list = channelListView(store, (channelId) => {
    store.open(channelId);
    show("conversation");
    body.querySelector<HTMLElement>(".composer-text")?.focus();
  });
  const conversation = conversationView(store, side, () => {
    show("list");
    body.querySelector<HTMLElement>("[aria-current=true]")?.focus();
  });
  // What the thread covers is out of the keyboard's way too. Told before the thread, which gives the focus back.
  const cover = () => {
    conversation.inert = store.thread !== undefined && body.clientWidth < BESIDE_WIDTH;
  };
  store.events.on("thread", cover);
  new ResizeObserver(cover).observe(body);
  body.append(
    h("nav", { className: "sidebar", aria: { label: `${name}'s channels` } }, list),
    conversation,
    threadView(store, side),
  );
  return h(
    "section",
    { className: `pane side-${side}`, testid: `pane-${side}`, id: `pane-${side}`, aria: { label: `${name}'s side` } },
    h(
      "header",
      { className: "pane-header" },
      avatar(id, name),
      h("div", { className: "pane-names" }, h("h2", {}, name), pill),
      toggle,
    ),
    body,
    toasts.element,
    announcer(store),
  );
}

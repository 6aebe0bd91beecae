import { h, setChildren } from "./dom.ts";
import { icon } from "./icons.ts";
import { modelsOf } from "./message-models.ts";
import { MessageView } from "./message-view.ts";
import type { PaneStore } from "./pane-store.ts";
import { bindRowActions } from "./row-actions.ts";
import { RowFocus } from "./row-focus.ts";
import type { Talk } from "./talk.ts";

/** Pixels from an edge within which the list counts as being at it. */
const NEAR = 80;
const FLASH_MS = 1_600;

export interface MessageList {
  element: HTMLElement;
  /** Shows the messages of a place, or of none. */
  show(talk: Talk | undefined): void;
  redraw(): void;
  /** Gives the newest row the focus. */
  focusNewest(): void;
}

/**
 * Messages of one place: follows the newest while at the bottom, loads older ones at the top and newer ones at the bottom.
 * @param reading told whether the newest message is before the user's eyes
 */
export function messageListView(store: PaneStore, label: string, reading: (isRead: boolean) => void): MessageList {
  const list = h("ol", { className: "messages-list" });
  const top = h("p", { className: "messages-top" });
  // New messages are said by the pane's announcer: here every redrawn row would be said again.
  const scroller = h(
    "div",
    { className: "messages", testid: "messages", role: "log", tabIndex: -1, aria: { label, live: "off" } },
    top,
    list,
  );
  const jump = h("button", { type: "button", className: "jump", testid: "jump", hidden: true }, icon("down"));
  const jumpText = h("span", {});
  jump.append(jumpText);
  const views = new Map<string, MessageView>();
  const byRow = new WeakMap<HTMLElement, MessageView>();
  const rows = new RowFocus(list);
  let talk: Talk | undefined;
  let stops: (() => void)[] = [];
  let atBottom = true;
  let lastKey = "";
  bindRowActions(
    list,
    rows,
    store,
    () => talk,
    (row) => byRow.get(row),
  );

  const isAtBottom = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
  const toBottom = () => {
    scroller.scrollTop = scroller.scrollHeight;
  };
  const report = () => {
    const isVisible = document.visibilityState === "visible" && scroller.offsetParent !== null;
    reading(isVisible && atBottom && talk?.timeline.atEnd === true);
    const isBehind = talk !== undefined && !talk.timeline.atEnd;
    if (atBottom && !isBehind) jump.hidden = true;
    else if (isBehind) {
      jump.hidden = false;
      jumpText.textContent = "To the newest";
    }
  };

  const redraw = () => {
    if (!talk) return;
    const now = talk;
    const models = modelsOf(now, store.me.id);
    const { scrollHeight: oldHeight, scrollTop: oldTop } = scroller;
    const oldFirst = list.firstElementChild;
    const kept = new Set(models.map(({ entry }) => entry.key));
    for (const key of views.keys()) if (!kept.has(key)) views.delete(key);
    const context = { talk: now, myId: store.me.id, openThread: (id: string) => store.openThread(id) };
    const elements = models.map((model) => {
      const view = views.get(model.entry.key) ?? new MessageView(context);
      views.set(model.entry.key, view);
      byRow.set(view.element, view);
      view.update(model);
      return view.element;
    });
    setChildren(list, elements);
    rows.refresh();
    top.textContent = topText(now);
    const last = models.at(-1);
    const isNew = last !== undefined && last.entry.key !== lastKey;
    lastKey = last?.entry.key ?? "";
    const follows = now.timeline.atEnd && (atBottom || (isNew && last.mine));
    if (follows) toBottom();
    // Older messages were put in above: what was before the eyes stays there.
    else if (oldFirst !== list.firstElementChild) scroller.scrollTop = oldTop + scroller.scrollHeight - oldHeight;
    else if (isNew && now.timeline.atEnd) {
      jump.hidden = false;
      jumpText.textContent = "New messages";
    }
    atBottom = isAtBottom();
    report();
    // A list that does not fill its place cannot be scrolled to ask for more.
    if (scroller.scrollHeight <= scroller.clientHeight + NEAR) void now.loadMore("older");
  };

  const reveal = (id: string) => {
    const row = list.querySelector(`[data-message-id="${CSS.escape(id)}"]`)?.closest<HTMLElement>(".row");
    if (!row) return;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "center" });
    row.classList.add("is-shown");
    setTimeout(() => row.classList.remove("is-shown"), FLASH_MS);
  };

  scroller.addEventListener("scroll", () => {
    atBottom = isAtBottom();
    report();
    if (scroller.scrollTop < NEAR) void talk?.loadMore("older");
    if (atBottom) void talk?.loadMore("newer");
  });
  // A change of size (a keyboard, a growing composer) must not push the newest message out of sight.
  const sizes = new ResizeObserver(() => {
    if (atBottom && talk?.timeline.atEnd) toBottom();
    report();
  });
  sizes.observe(scroller);
  sizes.observe(list);
  jump.addEventListener("click", () => {
    atBottom = true;
    if (talk && !talk.timeline.atEnd) void talk.load();
    else toBottom();
  });
  document.addEventListener("visibilitychange", report);

  return {
    element: h("div", { className: "messages-box" }, scroller, jump),
    redraw,
    show(next) {
      if (next === talk) return;
      for (const stop of stops) stop();
      talk = next;
      stops = next ? [next.events.on("change", redraw), next.events.on("jump", reveal)] : [];
      views.clear();
      lastKey = "";
      atBottom = true;
      jump.hidden = true;
      list.replaceChildren();
      list.classList.toggle("is-direct", next?.entry.isGroup === false);
      redraw();
    },
    focusNewest: () => (list.lastElementChild as HTMLElement | null)?.focus(),
  };
}

function topText({ timeline, entries, isThread }: Talk): string {
  if (!timeline.loaded) return "Loading messages…";
  if (timeline.hasOlder) return "Loading older messages…";
  if (isThread) return entries.length > 1 ? "" : "No replies yet.";
  return entries.length === 0 ? "No messages yet. Say hello!" : "This is the beginning of the conversation.";
}

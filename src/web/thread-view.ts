import { composerView } from "./composer-view.ts";
import { h, setText } from "./dom.ts";
import { icon } from "./icons.ts";
import { messageListView } from "./message-list-view.ts";
import type { PaneStore } from "./pane-store.ts";
import { titleOf } from "./titles.ts";

/** The thread beside the conversation; over it where there is no room. Escape closes. */
export function threadView(store: PaneStore, side: number): HTMLElement {
  const where = h("p", { className: "conversation-members" });
  const close = h(
    "button",
    { type: "button", className: "tool", testid: "thread-close", aria: { label: "Close the thread" } },
    icon("close"),
  );
  const section = h("section", {
    className: "thread",
    testid: "thread",
    hidden: true,
    aria: { label: "Thread" },
  });
  const list = messageListView(store, "Replies", () => undefined);
  const composer = composerView({
    id: `thread-${side}`,
    testid: "thread-composer",
    placeholder: "Reply in the thread",
    dropArea: section,
    typing: (active) => store.typing(active),
    editLast: () => store.thread && editLast(store),
  });
  let before: Element | null = null;
  store.events.on("thread", (talk) => {
    if (talk && section.hidden) before = document.activeElement;
    section.hidden = !talk;
    list.show(talk);
    composer.attach(talk);
    if (talk) {
      setText(where, titleOf(talk.entry, store.me.id));
      composer.focus();
    } else if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
  });
  store.events.on("conversation", () => list.redraw());
  close.addEventListener("click", () => store.closeThread());
  section.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) store.closeThread();
  });
  section.append(
    h(
      "header",
      { className: "conversation-header" },
      h("div", {}, h("h3", { className: "conversation-title" }, "Thread"), where),
      close,
    ),
    list.element,
    composer.element,
  );
  return section;
}

/** Edits the newest own message of the open thread. */
function editLast({ thread, me }: PaneStore): void {
  const last = thread?.entries.findLast(({ message }) => message?.user_id === me.id && !message.deleted_at);
  thread?.edit(last?.message?.id);
}

import type { Entry } from "./conversation.ts";
import { h, setChildren } from "./dom.ts";
import { icon } from "./icons.ts";
import { type MessageModel, MessageView } from "./message-view.ts";
import type { ChannelEntry } from "./pane-events.ts";
import type { PaneStore } from "./pane-store.ts";

/** Pixels from an edge within which the list counts as being at it. */
const NEAR = 80;
/** Milliseconds between two messages of one author that still belong together. */
const RUN = 5 * 60_000;

/** The open channel's messages: follows the newest while at the bottom, loads older ones at the top. */
export function messageListView(store: PaneStore): HTMLElement {
  const list = h("ol", { className: "messages-list" });
  const top = h("p", { className: "messages-top" });
  const scroller = h(
    "div",
    {
      className: "messages",
      testid: "messages",
      role: "log",
      tabIndex: 0,
      aria: { label: "Messages", live: "polite" },
    },
    top,
    list,
  );
  const jump = h("button", { type: "button", className: "jump", hidden: true }, icon("down"), "New messages");
  const views = new Map<string, MessageView>();
  const actions = { retry: (key: string) => store.retry(key), discard: (key: string) => store.discard(key) };
  let shownChannel = "";
  let atBottom = true;
  let lastKey = "";

  const isAtBottom = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
  const toBottom = () => {
    scroller.scrollTop = scroller.scrollHeight;
  };
  const reportReading = () => {
    const visible = document.visibilityState === "visible" && scroller.offsetParent !== null;
    store.setReading(visible && atBottom);
  };

  const draw = (entry: ChannelEntry) => {
    const { conversation, info } = entry;
    list.classList.toggle("is-direct", info.type === "direct");
    const changedChannel = shownChannel !== info.id;
    if (changedChannel) views.clear();
    shownChannel = info.id;
    const entries = conversation.entries;
    const models = modelsOf(entries, entry, store.me.id);
    const oldHeight = scroller.scrollHeight;
    const oldTop = scroller.scrollTop;
    const firstKey = list.firstElementChild;
    const kept = new Set(entries.map((one) => one.key));
    for (const key of views.keys()) if (!kept.has(key)) views.delete(key);
    const elements = models.map((model) => {
      const view = views.get(model.entry.key) ?? new MessageView(actions);
      views.set(model.entry.key, view);
      view.update(model);
      return view.element;
    });
    setChildren(list, elements);
    top.textContent = topText(entry);
    const last = models.at(-1);
    const isNew = last !== undefined && last.entry.key !== lastKey;
    lastKey = last?.entry.key ?? "";
    if (changedChannel || atBottom || (isNew && last.mine)) toBottom();
    // Older messages were put in above: what was before the eyes stays there.
    else if (firstKey !== list.firstElementChild) scroller.scrollTop = oldTop + scroller.scrollHeight - oldHeight;
    else if (isNew) jump.hidden = false;
    if (isAtBottom()) jump.hidden = true;
    atBottom = isAtBottom();
    reportReading();
    // A list that does not fill its place cannot be scrolled to ask for more.
    if (entries.length > 0 && scroller.scrollHeight <= scroller.clientHeight + NEAR) void store.loadOlder();
  };

  const redraw = () => {
    const entry = store.active;
    if (entry) draw(entry);
  };
  scroller.addEventListener("scroll", () => {
    atBottom = isAtBottom();
    if (atBottom) jump.hidden = true;
    reportReading();
    if (scroller.scrollTop < NEAR) void store.loadOlder();
  });
  // A change of size (a keyboard, a growing composer) must not push the newest message out of sight.
  const sizes = new ResizeObserver(() => {
    if (atBottom) toBottom();
    reportReading();
  });
  sizes.observe(scroller);
  sizes.observe(list);
  jump.addEventListener("click", toBottom);
  document.addEventListener("visibilitychange", reportReading);
  store.events.on("conversation", (channelId) => channelId === store.active?.info.id && redraw());
  store.events.on("channels", () => store.active?.info.id !== shownChannel && redraw());
  return h("div", { className: "messages-box" }, scroller, jump);
}

function topText({ conversation }: ChannelEntry): string {
  if (!conversation.loaded) return "Loading messages…";
  if (conversation.before !== undefined) return "Loading older messages…";
  return conversation.entries.length === 0
    ? "No messages yet. Say hello!"
    : "This is the beginning of the conversation.";
}

function modelsOf(entries: Entry[], { conversation }: ChannelEntry, myId: string): MessageModel[] {
  const facts = entries.map(({ message, draft }) => ({
    author: message ? (message.type === "system" ? "" : message.user_id) : myId,
    at: new Date(message?.created_at ?? draft?.at ?? 0),
  }));
  const joined = (index: number) => {
    const [one, two] = [facts[index - 1], facts[index]];
    if (!one || !two) return false;
    const sameDay = one.at.toDateString() === two.at.toDateString();
    return sameDay && one.author === two.author && two.at.getTime() - one.at.getTime() < RUN;
  };
  return entries.map((entry, index) => ({
    entry,
    mine: facts[index]?.author === myId,
    startsDay: facts[index - 1]?.at.toDateString() !== facts[index]?.at.toDateString(),
    first: !joined(index),
    last: !joined(index + 1),
    readers: entry.message ? conversation.readersOf(entry.message) : [],
  }));
}

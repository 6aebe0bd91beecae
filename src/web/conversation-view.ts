import { avatar } from "./avatar.ts";
import { composerView } from "./composer-view.ts";
import { h, setText } from "./dom.ts";
import { listOf } from "./format.ts";
import { icon } from "./icons.ts";
import { messageListView } from "./message-list-view.ts";
import type { PaneStore } from "./pane-store.ts";
import { pinnedView } from "./pinned-view.ts";
import { presenceText } from "./presence-view.ts";
import { searchView } from "./search-view.ts";
import { titleOf, typingText } from "./titles.ts";

/** The open channel: its name, pins, messages, who types, and the composer. */
export function conversationView(store: PaneStore, side: number, onBack: () => void): HTMLElement {
  const picture = h("span", {});
  const title = h("h3", { className: "conversation-title" });
  const members = h("p", { className: "conversation-members", testid: "facts" });
  const back = h(
    "button",
    { type: "button", className: "tool back", aria: { label: "Back to the channels" }, onclick: onBack },
    icon("back"),
  );
  const names = h("span", { className: "typing-names" });
  const dots = h("span", { className: "dots", aria: { hidden: "true" } }, h("i"), h("i"), h("i"));
  const typing = h("p", { className: "typing", testid: "typing", role: "status" }, dots, names);
  const offline = h(
    "p",
    { className: "offline-note", hidden: true },
    "Offline. What you send waits; what you miss will arrive.",
  );
  const section = h("section", { className: "conversation", aria: { label: "Conversation" } });
  const search = searchView(store);
  const pinned = pinnedView(store);
  const list = messageListView(store, "Messages", (isRead) => store.setReading(isRead));
  const composer = composerView({
    id: `channel-${side}`,
    testid: "composer",
    placeholder: "Write a message",
    dropArea: section,
    typing: (active) => store.typing(active),
    editLast: () => editLast(store),
  });

  const drawHeader = () => {
    const entry = store.active;
    section.classList.toggle("is-empty", !entry);
    if (!entry) return;
    const name = titleOf(entry, store.me.id);
    const { others } = entry;
    const { partner, onlineCount } = entry;
    const online = onlineCount > 0 ? ` · ${onlineCount} online` : "";
    const facts = partner
      ? presenceText(store.client.presence.get(partner.id)) || "Direct message"
      : `You, ${listOf(others.map(({ user }) => user.name))}${online}`;
    const key = `${entry.info.id}|${name}`;
    if (picture.dataset.key !== key) {
      picture.replaceChildren(avatar(entry.isGroup ? entry.info.id : (others[0]?.user.id ?? ""), name, entry.isGroup));
      picture.dataset.key = key;
    }
    setText(title, name);
    setText(members, facts);
  };
  const drawTyping = () => {
    const text = store.active ? typingText(store.active) : "";
    setText(names, text);
    typing.classList.toggle("is-shown", text !== "");
  };
  let shown = store.active;
  store.events.on("channels", () => {
    drawHeader();
    drawTyping();
    pinned.draw();
    if (shown !== store.active) search.close();
    shown = store.active;
    list.show(shown?.talk);
    composer.attach(shown?.talk);
  });
  store.events.on("conversation", (channelId) => channelId === store.active?.info.id && list.redraw());
  store.events.on("typing", drawTyping);
  store.events.on("presence", drawHeader);
  // "last seen 2 min ago" grows old by itself.
  setInterval(drawHeader, 30_000);
  store.events.on("connection", (state) => {
    offline.hidden = state !== "offline";
  });
  section.append(
    h("header", { className: "conversation-header" }, back, picture, h("div", {}, title, members), search.toggle),
    search.element,
    pinned.element,
    list.element,
    typing,
    offline,
    composer.element,
  );
  drawHeader();
  return section;
}

/** Edits the newest own message of the open channel. */
function editLast({ active, me }: PaneStore): void {
  const last = active?.talk.entries.findLast(({ message }) => message?.user_id === me.id && !message.deleted_at);
  active?.talk.edit(last?.message?.id);
}

import { avatar } from "./avatar.ts";
import { composerView } from "./composer-view.ts";
import { h, setText } from "./dom.ts";
import { listOf } from "./format.ts";
import { icon } from "./icons.ts";
import { messageListView } from "./message-list-view.ts";
import type { PaneStore } from "./pane-store.ts";
import { titleOf, typingText } from "./titles.ts";

/** The open channel: its name, its messages, who types, and the composer. */
export function conversationView(store: PaneStore, side: number, onBack: () => void): HTMLElement {
  const picture = h("span", {});
  const title = h("h3", { className: "conversation-title" });
  const members = h("p", { className: "conversation-members" });
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

  const drawHeader = () => {
    const entry = store.active;
    section.classList.toggle("is-empty", !entry);
    if (!entry) return;
    const name = titleOf(entry, store.me.id);
    const others = entry.conversation.members.filter(({ user }) => user.id !== store.me.id);
    const group = entry.info.type === "group";
    const facts = group ? `You, ${listOf(others.map(({ user }) => user.name))}` : "Direct message";
    const key = `${entry.info.id}|${name}`;
    if (picture.dataset.key !== key) {
      picture.replaceChildren(avatar(group ? entry.info.id : (others[0]?.user.id ?? ""), name, group));
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
  store.events.on("channels", () => {
    drawHeader();
    drawTyping();
  });
  store.events.on("typing", drawTyping);
  store.events.on("connection", (state) => {
    offline.hidden = state !== "offline";
  });
  section.append(
    h("header", { className: "conversation-header" }, back, picture, h("div", {}, title, members)),
    messageListView(store),
    typing,
    offline,
    composerView(store, side, section),
  );
  drawHeader();
  return section;
}

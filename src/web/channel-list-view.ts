import { avatar } from "./avatar.ts";
import type { ChannelEntry } from "./channel-entry.ts";
import { h, setChildren, setText } from "./dom.ts";
import { listTimeOf } from "./format.ts";
import type { PaneStore } from "./pane-store.ts";
import { PresenceDot } from "./presence-view.ts";
import { previewOf, titleOf, typingText } from "./titles.ts";

interface Row {
  element: HTMLElement;
  update(entry: ChannelEntry): void;
}

/** The list of channels with unread badges. */
export function channelListView(store: PaneStore, onOpen: (channelId: string) => void): HTMLElement {
  const list = h("ul", { className: "channel-list", testid: "channel-list", aria: { label: "Channels" } });
  const rows = new Map<string, Row>();
  const draw = () => {
    const elements = store.channels.map((entry) => {
      const row = rows.get(entry.info.id) ?? makeRow(entry, store, () => onOpen(entry.info.id));
      rows.set(entry.info.id, row);
      row.update(entry);
      return row.element;
    });
    setChildren(list, elements);
  };
  store.events.on("channels", draw);
  store.events.on("typing", draw);
  store.events.on("presence", draw);
  return list;
}

function makeRow(entry: ChannelEntry, store: PaneStore, open: () => void): Row {
  const { info } = entry;
  const title = h("span", { className: "channel-title" });
  const time = h("span", { className: "channel-time" });
  const preview = h("span", { className: "channel-preview" });
  const badge = h("span", { className: "badge", testid: "unread" });
  const mention = h("span", { className: "badge at", testid: "mentions", title: "You were mentioned" }, "@");
  const dot = new PresenceDot();
  const face = h("span", {});
  const picture = h("span", { className: "face" }, face, dot.element);
  const button = h(
    "button",
    { type: "button", className: "channel", testid: "channel-item", onclick: open },
    picture,
    h("span", { className: "channel-top" }, title, time),
    h("span", { className: "channel-bottom" }, preview, mention, badge),
  );
  button.dataset.channelExternalId = info.external_id ?? "";
  button.dataset.channelId = info.id;
  const update = (now: ChannelEntry) => {
    const name = titleOf(now, store.me.id);
    if (title.textContent !== name) {
      const other = now.members.find(({ user }) => user.id !== store.me.id)?.user.id ?? info.id;
      const group = info.type === "group";
      face.replaceChildren(avatar(group ? info.id : other, name, group));
    }
    dot.element.hidden = now.isGroup;
    if (now.partner) dot.update(store.client.presence.get(now.partner.id));
    setText(title, name);
    setText(time, now.info.last_message ? listTimeOf(now.info.last_message.created_at) : "");
    const isTyping = now.typing.length > 0;
    const typing = info.type === "direct" ? "typing…" : `${typingText(now)}…`;
    setText(preview, isTyping ? typing : previewOf(now.info.last_message, store.me.id));
    preview.classList.toggle("is-typing", isTyping);
    setText(badge, now.unread > 99 ? "99+" : String(now.unread));
    badge.hidden = now.unread === 0;
    mention.hidden = now.mentions === 0;
    mention.setAttribute("aria-label", `${now.mentions} mentions`);
    badge.setAttribute("aria-label", `${now.unread} unread`);
    button.setAttribute("aria-current", String(store.active?.info.id === info.id));
    button.classList.toggle("has-unread", now.unread > 0);
  };
  return { element: h("li", {}, button), update };
}

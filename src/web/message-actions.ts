import type { Message } from "../sdk/index.ts";
import { ownReaction } from "../sdk/live.ts";
import { confirm } from "./confirm.ts";
import { openEmojiPicker } from "./emoji-picker.ts";
import type { IconName } from "./icons.ts";
import type { PaneStore } from "./pane-store.ts";
import type { Talk } from "./talk.ts";

export interface MessageAction {
  name: "react" | "reply" | "thread" | "edit" | "pin" | "copy" | "unsend";
  label: string;
  icon: IconName;
  /** Key that does it while the message has the focus. */
  key: string;
  isDanger?: boolean;
  run(): void;
}

/** Where the pickers of a message open. */
export interface ActionPlace {
  anchor: HTMLElement;
  /** The pane: it outlives the rows. */
  home: HTMLElement;
}

/** What the user may do with a message here. */
export function actionsOf(store: PaneStore, talk: Talk, message: Message, place: ActionPlace): MessageAction[] {
  if (message.deleted_at || message.type === "system") return [];
  const { entry } = talk;
  const mine = message.user_id === store.me.id;
  const { anchor, home } = place;
  const mayPin = !entry.isGroup || entry.isAdmin;
  const all: (MessageAction | false)[] = [
    {
      name: "react",
      label: "React",
      icon: "smile",
      key: "+",
      run: () =>
        openEmojiPicker(anchor, home, ownReaction(message.reactions), (emoji) => talk.toggleReaction(message, emoji)),
    },
    { name: "reply", label: "Reply", icon: "reply", key: "r", run: () => talk.reply(message) },
    !talk.isThread && {
      name: "thread",
      label: message.reply_count > 0 ? "Open thread" : "Reply in thread",
      icon: "thread",
      key: "t",
      run: () => store.openThread(message.id),
    },
    mine &&
      !message.streaming && {
        name: "edit",
        label: "Edit",
        icon: "edit",
        key: "e",
        run: () => talk.edit(message.id),
      },
    mayPin && {
      name: "pin",
      label: message.pinned_at ? "Unpin" : "Pin",
      icon: "pin",
      key: "p",
      run: () => talk.togglePin(message),
    },
    message.content !== "" && {
      name: "copy",
      label: "Copy text",
      icon: "copy",
      key: "c",
      run: () => void navigator.clipboard?.writeText(message.content),
    },
    (mine || (entry.isGroup && entry.isAdmin)) && {
      name: "unsend",
      label: "Unsend",
      icon: "trash",
      key: "Delete",
      isDanger: true,
      run: async () => {
        const detail = "It is removed for everyone, and cannot be brought back.";
        if (await confirm(home, "Unsend this message?", detail, "Unsend")) talk.unsend(message);
      },
    },
  ];
  return all.filter((action) => action !== false);
}

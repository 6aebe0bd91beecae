import type { Message } from "../sdk/index.ts";
import { h } from "./dom.ts";
import { icon } from "./icons.ts";
import { type ActionPlace, actionsOf } from "./message-actions.ts";
import { openMessageMenu } from "./message-menu.ts";
import type { PaneStore } from "./pane-store.ts";
import type { Talk } from "./talk.ts";

const SHOWN = ["react", "reply", "thread"];

/** The buttons over the message under the pointer, or with the focus. One for a whole list: it moves. */
export class MessageToolbar {
  readonly element = h("div", {
    className: "tools",
    role: "toolbar",
    testid: "tools",
    aria: { label: "Message actions" },
  });
  readonly #store: PaneStore;
  #shown = "";

  constructor(store: PaneStore) {
    this.#store = store;
  }

  /** Moves to a message's line. */
  attach(talk: Talk, message: Message, line: HTMLElement, place: ActionPlace): void {
    const actions = actionsOf(this.#store, talk, message, place).filter(({ name }) => SHOWN.includes(name));
    const shown = `${message.id}|${actions.map(({ label }) => label).join()}`;
    if (this.element.parentElement === line && shown === this.#shown) return;
    this.#shown = shown;
    if (actions.length === 0) {
      this.detach();
      return;
    }
    const tool = (name: string, label: string, drawing: Parameters<typeof icon>[0], run: () => void) =>
      h(
        "button",
        { type: "button", className: "tool", title: label, testid: `tool-${name}`, aria: { label }, onclick: run },
        icon(drawing),
      );
    const more = () => openMessageMenu(this.#store, talk, message, place);
    this.element.replaceChildren(
      ...actions.map(({ name, label, icon: drawing, run }) => tool(name, label, drawing, run)),
      tool("more", "More actions", "more", more),
    );
    line.append(this.element);
  }

  /** Takes the buttons away, unless they are in use. */
  detach(): void {
    if (this.element.contains(document.activeElement)) return;
    this.element.remove();
    this.#shown = "";
  }
}

import { onLongPress } from "./long-press.ts";
import { actionsOf } from "./message-actions.ts";
import { openMessageMenu } from "./message-menu.ts";
import { MessageToolbar } from "./message-toolbar.ts";
import type { MessageView } from "./message-view.ts";
import type { PaneStore } from "./pane-store.ts";
import type { RowFocus } from "./row-focus.ts";
import type { Talk } from "./talk.ts";

/**
 * Ways to a message's actions: the toolbar under the pointer or beside the focus, a long press, and keys on the row with the
 * focus (Enter opens the menu, `+` the reactions, a letter each of the others).
 */
export function bindRowActions(
  list: HTMLElement,
  rows: RowFocus,
  store: PaneStore,
  talkNow: () => Talk | undefined,
  viewOf: (row: HTMLElement) => MessageView | undefined,
): void {
  const toolbar = new MessageToolbar(store);
  const at = (target: EventTarget | null) => {
    const row = rows.rowOf(target);
    const view = row && viewOf(row);
    const message = view?.model?.entry.message;
    const talk = talkNow();
    if (!view?.line || !message || !talk || view.model?.isEditing) return undefined;
    const anchor = view.line.querySelector<HTMLElement>(".bubble") ?? view.line;
    const home = list.closest<HTMLElement>(".pane") ?? document.body;
    return { talk, message, line: view.line, place: { anchor, home } };
  };
  const show = (event: Event) => {
    const found = at(event.target);
    if (found) toolbar.attach(found.talk, found.message, found.line, found.place);
  };
  list.addEventListener("pointerover", (event) => event.pointerType === "mouse" && show(event));
  list.addEventListener("focusin", show);
  list.addEventListener("pointerleave", () => toolbar.detach());
  list.addEventListener("focusout", (event) => {
    if (!list.contains(event.relatedTarget as Node | null)) queueMicrotask(() => toolbar.detach());
  });
  onLongPress(list, (target) => {
    const found = at(target);
    if (found) openMessageMenu(store, found.talk, found.message, found.place);
  });
  list.addEventListener("keydown", (event) => {
    const row = rows.rowOf(event.target);
    const found = row === event.target ? at(row) : undefined;
    if (!found || event.ctrlKey || event.metaKey || event.altKey) return;
    const { talk, message, place } = found;
    if (event.key === "Enter" || event.key === "ContextMenu") {
      event.preventDefault();
      openMessageMenu(store, talk, message, place);
      return;
    }
    const action = actionsOf(store, talk, message, place).find(({ key }) => key === event.key);
    if (!action) return;
    event.preventDefault();
    action.run();
  });
  toolbar.element.addEventListener("keydown", (event) => {
    const buttons = [...toolbar.element.querySelectorAll<HTMLElement>("button")];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const index = buttons.indexOf(document.activeElement as HTMLElement);
    if (event.key === "Escape") rows.rowOf(toolbar.element)?.focus();
    else if (step) buttons[(index + step + buttons.length) % buttons.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

import type { Member } from "../sdk/index.ts";
import { avatar } from "./avatar.ts";
import { h } from "./dom.ts";
import { matching, mentionBefore } from "./mention-match.ts";

/** Offers members after an `@`: arrows choose, Enter or Tab takes, Escape closes. The field keeps the focus. */
export class MentionBox {
  readonly element: HTMLElement;
  readonly #field: HTMLTextAreaElement;
  readonly #members: () => Member[];
  #found: Member[] = [];
  #at = 0;
  #closedFor = "";

  constructor(field: HTMLTextAreaElement, id: string, members: () => Member[]) {
    this.#field = field;
    this.#members = members;
    this.element = h("ul", {
      className: "mention-box",
      id,
      role: "listbox",
      testid: "mention-box",
      hidden: true,
      aria: { label: "People to mention" },
    });
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", id);
    field.addEventListener("blur", () => this.#show([]));
  }

  get isOpen(): boolean {
    return this.#found.length > 0;
  }

  /** Call after each change of the text or the caret. */
  refresh(): void {
    const { value, selectionEnd } = this.#field;
    const before = mentionBefore(value, selectionEnd);
    if (!before) this.#closedFor = "";
    const isClosed = before !== undefined && this.#closedFor === `${before.from}`;
    this.#at = 0;
    this.#show(before && !isClosed ? matching(this.#members(), before.letters) : []);
  }

  /** @returns whether the key was for this box */
  takeKey(key: string): boolean {
    if (!this.isOpen) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) {
      this.#at = (this.#at + step + this.#found.length) % this.#found.length;
      this.#show(this.#found);
    } else if (key === "Enter" || key === "Tab") {
      this.#pick(this.#found[this.#at]);
    } else if (key === "Escape") {
      this.#closedFor = String(mentionBefore(this.#field.value, this.#field.selectionEnd)?.from);
      this.#show([]);
    } else return false;
    return true;
  }

  #pick(member: Member | undefined): void {
    const before = mentionBefore(this.#field.value, this.#field.selectionEnd);
    if (!member || !before) return;
    this.#field.setRangeText(`@${member.user.name} `, before.from, this.#field.selectionEnd, "end");
    this.#show([]);
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #show(found: Member[]): void {
    this.#found = found;
    this.element.hidden = found.length === 0;
    const idOf = (index: number) => `${this.element.id}-${index}`;
    const options = found.map((member, index) => {
      const { id, name, external_id } = member.user;
      const option = h(
        "li",
        {
          className: "mention-option",
          id: idOf(index),
          role: "option",
          testid: "mention-option",
          aria: { selected: String(index === this.#at) },
        },
        avatar(id, name),
        h("span", { className: "mention-name" }, name),
        h("span", { className: "mention-id" }, external_id ?? ""),
      );
      // Before the field loses the focus.
      option.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        this.#pick(member);
      });
      return option;
    });
    this.element.replaceChildren(...options);
    this.#field.setAttribute("aria-expanded", String(this.isOpen));
    if (this.isOpen) this.#field.setAttribute("aria-activedescendant", idOf(this.#at));
    else this.#field.removeAttribute("aria-activedescendant");
  }
}

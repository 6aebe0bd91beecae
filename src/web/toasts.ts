import { h } from "./dom.ts";
import { icon } from "./icons.ts";
import type { Notice } from "./pane-events.ts";

const SHOWN_MS = { error: 8_000, info: 4_000 };
const MOST = 3;

/** Short notices over one side; errors are announced at once, the rest politely. */
export class Toasts {
  readonly element = h("div", { className: "toasts" });

  show({ kind, text }: Notice): void {
    const same = [...this.element.children].find((toast) => toast.textContent === text);
    same?.remove();
    const close = h("button", { type: "button", className: "tool", aria: { label: "Dismiss" } }, icon("close"));
    const toast = h(
      "div",
      { className: `toast is-${kind}`, testid: "toast", role: kind === "error" ? "alert" : "status" },
      h("p", {}, text),
      close,
    );
    const timer = setTimeout(() => toast.remove(), SHOWN_MS[kind]);
    close.addEventListener("click", () => {
      clearTimeout(timer);
      toast.remove();
    });
    this.element.append(toast);
    while (this.element.children.length > MOST) this.element.firstElementChild?.remove();
  }
}

import { h, setText } from "./dom.ts";
import { icon } from "./icons.ts";
import type { PaneStore } from "./pane-store.ts";
import { quotedText } from "./quote-view.ts";

/** The bar of pinned messages: a press shows the message, and brings the next one into the bar. */
export function pinnedView(store: PaneStore): { element: HTMLElement; draw(): void } {
  const text = h("span", { className: "pinned-text" });
  const count = h("span", { className: "pinned-count" });
  const element = h(
    "button",
    { type: "button", className: "pinned", testid: "pinned", hidden: true },
    icon("pin"),
    h("span", { className: "pinned-names" }, h("span", { className: "pinned-title" }, "Pinned ", count), text),
  );
  let shown = 0;
  let stop: (() => void) | undefined;
  let of: unknown;
  const draw = () => {
    const entry = store.active;
    if (entry !== of) {
      stop?.();
      of = entry;
      shown = 0;
      stop = entry?.pins.events.on("change", draw);
    }
    const pins = entry?.pins.all ?? [];
    const pin = pins[shown % Math.max(1, pins.length)];
    element.hidden = !pin;
    if (!pin) return;
    const line = quotedText({ content: pin.content, type: pin.type, deleted: false });
    setText(text, `${pin.user?.name ?? "Former user"}: ${line}`);
    setText(count, pins.length > 1 ? `${(shown % pins.length) + 1} of ${pins.length}` : "");
    element.title = "Show the pinned message";
    element.onclick = () => {
      void entry?.talk.jumpTo(pin.id);
      shown = (shown + 1) % pins.length;
      draw();
    };
  };
  return { element, draw };
}

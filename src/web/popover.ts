import { h } from "./dom.ts";

const GAP = 6;

export interface PopoverOptions {
  className: string;
  label: string;
  role: string;
  /** What it stands beside, and what has the focus again when it closes. */
  anchor: HTMLElement;
  content: Node[];
  /** Under this element, so that its colours are those of its side. */
  home: HTMLElement;
  onClose?: () => void;
}

/** At most one is open. */
let closeCurrent: (() => void) | undefined;

/**
 * Opens a small layer beside an element: Escape or a click elsewhere closes it, arrows move between its buttons, and the
 * focus goes back to where it came from.
 * @returns a function that closes it
 */
export function openPopover({ className, label, role, anchor, content, home, onClose }: PopoverOptions): () => void {
  const layer = h("div", { className: `popover ${className}`, role, aria: { label } });
  const before = document.activeElement;
  layer.append(...content);
  // Not `auto`: the lifting of the finger whose long press opened it would close it.
  layer.popover = "manual";
  closeCurrent?.();
  home.append(layer);
  layer.showPopover();
  place(layer, anchor);
  const buttons = () => [...layer.querySelectorAll<HTMLElement>("button:not(:disabled), input")];
  const close = () => {
    if (layer.isConnected) layer.hidePopover();
  };
  closeCurrent = close;
  const outside = (event: Event) => {
    if (!layer.contains(event.target as Node)) close();
  };
  addEventListener("pointerdown", outside, { capture: true });
  const replace = () => anchor.isConnected && place(layer, anchor);
  addEventListener("resize", replace);
  layer.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      close();
      return;
    }
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = target(event.key, at, all.length, columnsOf(all));
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    all[to]?.focus();
  });
  layer.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    removeEventListener("pointerdown", outside, { capture: true });
    removeEventListener("resize", replace);
    if (closeCurrent === close) closeCurrent = undefined;
    const hadFocus = layer.contains(document.activeElement) || document.activeElement === document.body;
    layer.remove();
    if (hadFocus && before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    onClose?.();
  });
  buttons()[0]?.focus({ preventScroll: true });
  return close;
}

/** Beside the anchor, on whichever side has room, within the window: towards the middle of the pane. */
function place(layer: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { width, height } = layer.getBoundingClientRect();
  const pane = (anchor.closest(".pane") ?? document.body).getBoundingClientRect();
  const isLeft = at.left + at.right < pane.left + pane.right;
  const above = at.top - height - GAP;
  const below = Math.min(at.bottom + GAP, innerHeight - height - GAP);
  const left = Math.min(Math.max(GAP, isLeft ? at.left : at.right - width), innerWidth - width - GAP);
  layer.style.left = `${left}px`;
  layer.style.top = `${above >= GAP ? above : Math.max(GAP, below)}px`;
}

/** How many buttons stand in the first row. */
function columnsOf(buttons: HTMLElement[]): number {
  const top = buttons[0]?.offsetTop;
  const count = buttons.findIndex((button) => button.offsetTop !== top);
  return count < 0 ? buttons.length : count;
}

function target(key: string, at: number, count: number, columns: number): number | undefined {
  const clamp = (index: number) => Math.min(Math.max(0, index), count - 1);
  switch (key) {
    case "ArrowRight":
      return (at + 1) % count;
    case "ArrowLeft":
      return (at - 1 + count) % count;
    case "ArrowDown":
      return clamp(at + columns);
    case "ArrowUp":
      return clamp(at - columns);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}

const HELD_MS = 450;
/** Pixels that a finger may move and still mean the same place. */
const STILL = 10;
/** From the finger's lifting to the click that belongs to it. */
const AFTER_MS = 80;

/** Calls `held` where a finger rests on something within an element. The click of its lifting is swallowed. */
export function onLongPress(element: HTMLElement, held: (target: Element) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let from = { x: 0, y: 0 };
  let isHeld = false;
  const cancel = () => clearTimeout(timer);
  element.addEventListener("pointerdown", (event) => {
    const { target } = event;
    isHeld = false;
    cancel();
    if (event.pointerType !== "touch" || !(target instanceof Element)) return;
    from = { x: event.clientX, y: event.clientY };
    timer = setTimeout(() => {
      isHeld = true;
      held(target);
    }, HELD_MS);
  });
  element.addEventListener("pointermove", (event) => {
    if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > STILL) cancel();
  });
  element.addEventListener("pointercancel", cancel);
  element.addEventListener("pointerup", () => {
    cancel();
    if (!isHeld) return;
    const swallow = (click: Event) => {
      click.preventDefault();
      click.stopPropagation();
    };
    addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true }), AFTER_MS);
  });
  element.addEventListener("contextmenu", (event) => {
    if (event instanceof PointerEvent && event.pointerType === "touch") event.preventDefault();
  });
}

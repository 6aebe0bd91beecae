import { h } from "./dom.ts";
import { icon } from "./icons.ts";

/** Shows a picture over the page; Escape, the button or a click beside it closes. */
export function openLightbox(url: string, filename: string): void {
  const close = h("button", { type: "button", className: "lightbox-close", aria: { label: "Close" } }, icon("close"));
  const dialog = h(
    "dialog",
    { className: "lightbox", aria: { label: filename } },
    h("img", { src: url, alt: filename }),
    close,
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

import { h } from "./dom.ts";

/** Asks before what cannot be undone. Resolves to true where the user agrees. */
export function confirm(home: HTMLElement, question: string, detail: string, yes: string): Promise<boolean> {
  const agree = h("button", { type: "submit", value: "yes", className: "button is-danger", testid: "confirm" }, yes);
  const dialog = h(
    "dialog",
    { className: "confirm", aria: { label: question } },
    h(
      "form",
      { method: "dialog" },
      h("h3", {}, question),
      h("p", {}, detail),
      h(
        "div",
        { className: "confirm-buttons" },
        h("button", { type: "submit", value: "no", className: "button is-quiet" }, "Cancel"),
        agree,
      ),
    ),
  );
  home.append(dialog);
  dialog.showModal();
  agree.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

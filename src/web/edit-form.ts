import { h } from "./dom.ts";

/** The text of a message as a field: Enter saves, Escape leaves it as it was. */
export function editForm(content: string, save: (content: string) => void, cancel: () => void): HTMLElement {
  const text = h("textarea", {
    className: "edit-text",
    testid: "edit",
    rows: 1,
    value: content,
    aria: { label: "Edit the message" },
  });
  const submit = () => save(text.value.trim());
  const grow = () => {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  };
  text.addEventListener("input", grow);
  text.addEventListener("keydown", (event) => {
    // The list's own keys are not for who writes.
    event.stopPropagation();
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  });
  const form = h(
    "form",
    { className: "edit-form" },
    text,
    h(
      "div",
      { className: "edit-buttons" },
      h("span", { className: "edit-hint" }, "Enter saves, Esc cancels"),
      h("button", { type: "button", className: "edit-button", onclick: cancel }, "Cancel"),
      h("button", { type: "submit", className: "edit-button is-main", testid: "edit-save" }, "Save"),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  // Once it is in the page, it has a height and takes the focus.
  queueMicrotask(() => {
    grow();
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  });
  return form;
}

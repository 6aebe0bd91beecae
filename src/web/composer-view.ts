import { h } from "./dom.ts";
import { sizeOf } from "./format.ts";
import { icon } from "./icons.ts";
import type { PaneStore } from "./pane-store.ts";
import { type PickedFile, pick } from "./picture.ts";

/** Where messages are written: Enter sends, Shift+Enter makes a new line; files by button, paste or drop. */
export function composerView(store: PaneStore, side: number, dropArea: HTMLElement): HTMLElement {
  const inputId = `attach-${side}`;
  const text = h("textarea", {
    className: "composer-text",
    testid: "composer",
    rows: 1,
    placeholder: "Write a message",
    aria: { label: "Message" },
    autocomplete: "off",
    enterKeyHint: "send",
  });
  const input = h("input", {
    type: "file",
    id: inputId,
    className: "visually-hidden",
    testid: "attach",
    aria: { label: "Attach a file" },
  });
  const label = h("label", { htmlFor: inputId, className: "tool", title: "Attach a file" }, icon("attach"));
  const send = h(
    "button",
    { type: "submit", className: "tool send", testid: "send", disabled: true, aria: { label: "Send" } },
    icon("send"),
  );
  const tray = h("div", { className: "tray", hidden: true });
  let picked: PickedFile | undefined;

  const refresh = () => {
    send.disabled = text.value.trim() === "" && !picked;
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  };
  const setPicked = (next: PickedFile | undefined) => {
    picked = next;
    tray.hidden = !next;
    tray.replaceChildren();
    if (next) tray.append(...trayContent(next, () => setPicked(undefined)));
    refresh();
    text.focus();
  };
  const take = async (file: File | null | undefined) => {
    if (file) setPicked(await pick(file));
  };
  const submit = () => {
    const content = text.value.trim();
    if (content === "" && !picked) return;
    store.send(content, picked);
    text.value = "";
    setPicked(undefined);
  };

  input.addEventListener("change", () => {
    void take(input.files?.[0]);
    input.value = "";
  });
  text.addEventListener("input", () => {
    refresh();
    store.typing(text.value.trim() !== "");
  });
  text.addEventListener("blur", () => store.typing(false));
  text.addEventListener("keydown", (event) => {
    // Enter that ends an input method's word is no send.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  text.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    void take(file);
  });
  dropArea.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    dropArea.classList.add("is-drop");
  });
  dropArea.addEventListener("dragleave", () => dropArea.classList.remove("is-drop"));
  dropArea.addEventListener("drop", (event) => {
    event.preventDefault();
    dropArea.classList.remove("is-drop");
    void take(event.dataTransfer?.files[0]);
  });

  const form = h(
    "form",
    { className: "composer" },
    tray,
    h("div", { className: "composer-line" }, input, label, text, send),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  return form;
}

function trayContent({ file, previewUrl, width, height }: PickedFile, remove: () => void): HTMLElement[] {
  const facts = [sizeOf(file.size), width && height ? `${width} × ${height}` : ""].filter(Boolean).join(" · ");
  const picture = previewUrl
    ? h("img", { src: previewUrl, alt: "", className: "tray-picture" })
    : h("span", { className: "tray-picture" }, icon("file"));
  const names = h(
    "span",
    { className: "tray-names" },
    h("span", { className: "file-name" }, file.name),
    h("span", { className: "file-size" }, facts),
  );
  const button = h(
    "button",
    { type: "button", className: "tool", aria: { label: `Remove ${file.name}` }, onclick: remove },
    icon("close"),
  );
  return [picture, names, button];
}

import { h } from "./dom.ts";
import { sizeOf } from "./format.ts";
import { icon } from "./icons.ts";
import { type PickedFile, pick } from "./picture.ts";

export interface FileTray {
  readonly picked: PickedFile | undefined;
  /** What is attached, over the field. */
  element: HTMLElement;
  input: HTMLElement;
  label: HTMLElement;
  take(file: File): void;
  clear(): void;
}

/** The file that goes with the next message: picked by its button or dropped on an area, shown until it is sent. */
export function fileTray(options: { id: string; testid: string; dropArea: HTMLElement; changed(): void }): FileTray {
  const { id, testid, dropArea, changed } = options;
  const inputId = `${id}-file`;
  const input = h("input", {
    type: "file",
    id: inputId,
    className: "visually-hidden",
    testid,
    aria: { label: "Attach a file" },
  });
  const label = h("label", { htmlFor: inputId, className: "tool", title: "Attach a file" }, icon("attach"));
  const element = h("div", { className: "tray", hidden: true });
  let picked: PickedFile | undefined;
  const show = (next: PickedFile | undefined) => {
    picked = next;
    element.hidden = !next;
    element.replaceChildren();
    if (next) element.append(...trayContent(next, remove));
  };
  const remove = () => {
    show(undefined);
    changed();
  };
  const take = async (file: File | null | undefined) => {
    if (!file) return;
    show(await pick(file));
    changed();
  };
  input.addEventListener("change", () => {
    void take(input.files?.[0]);
    input.value = "";
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
  return {
    get picked() {
      return picked;
    },
    element,
    input,
    label,
    take: (file) => void take(file),
    clear: () => show(undefined),
  };
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

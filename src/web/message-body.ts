import type { TimelineEntry } from "../sdk/live.ts";
import { h } from "./dom.ts";
import { sizeOf } from "./format.ts";
import { icon } from "./icons.ts";
import { openLightbox } from "./lightbox.ts";
import { safeUrl } from "./linkify.ts";
import { isShownImage, type PickedFile } from "./picture.ts";
import { richText } from "./rich-text.ts";

/** Pixels of a picture within the conversation. */
const MOST_WIDTH = 420;
const MOST_HEIGHT = 280;

/** What a message shows inside its bubble: picture or file, then text. `picked` is the file of an own message. */
export function messageBody({ message, draft }: TimelineEntry, picked: PickedFile | undefined, myId: string): Node[] {
  if (message?.deleted_at) return [h("p", { className: "text removed" }, "This message was removed.")];
  const text = message?.content ?? draft?.message.content ?? "";
  const className = message?.streaming ? "text is-streaming" : "text";
  const words = (text || message?.streaming) && h("p", { className }, ...richText(text, message?.mentions ?? [], myId));
  return [...attachment(message, picked), ...(words ? [words] : [])];
}

function attachment(message: TimelineEntry["message"], picked: PickedFile | undefined): Node[] {
  // The picked file of an own message is at hand already: no second download, and no flicker.
  const url = safeUrl(picked?.previewUrl ?? message?.attachment_url);
  const filename = message?.attachment?.filename ?? picked?.file.name ?? "file";
  const contentType = message?.attachment?.content_type ?? picked?.file.type;
  if (url && (message?.type === "image" || isShownImage(contentType))) {
    const width = message?.attachment?.width ?? picked?.width;
    const height = message?.attachment?.height ?? picked?.height;
    return [picture(url, filename, width, height)];
  }
  if (url || picked) return [fileLink(url, filename, message?.attachment?.size ?? picked?.file.size)];
  return [];
}

function picture(url: string, filename: string, width = 320, height = 240): HTMLElement {
  // Width and height reserve the place before the bytes come, so that nothing jumps.
  const scale = Math.min(1, MOST_WIDTH / width, MOST_HEIGHT / height);
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const image = h("img", { alt: filename, decoding: "async", ...size });
  const button = h(
    "button",
    {
      type: "button",
      className: "picture",
      aria: { label: `Open ${filename}` },
      onclick: () => openLightbox(url, filename),
    },
    image,
  );
  image.addEventListener("error", () => {
    if (url.startsWith("blob:")) return;
    button.replaceWith(h("p", { className: "text removed" }, `${filename} cannot be shown.`));
  });
  image.src = url;
  return button;
}

function fileLink(url: string | undefined, filename: string, size: number | undefined): HTMLElement {
  const label = h("span", { className: "file-name" }, filename);
  const facts = h("span", { className: "file-size" }, size ? sizeOf(size) : "");
  if (!url) return h("span", { className: "file" }, icon("file"), label, facts);
  const props = { className: "file", href: url, target: "_blank", rel: "noopener noreferrer", download: filename };
  return h("a", props, icon("file"), label, facts);
}

import type { Message } from "../sdk/index.ts";
import type { TimelineEntry } from "../sdk/live.ts";
import { avatar } from "./avatar.ts";
import { h, setText } from "./dom.ts";
import { editForm } from "./edit-form.ts";
import { dayOf, listOf, timeOf } from "./format.ts";
import { type IconName, icon } from "./icons.ts";
import { messageBody } from "./message-body.ts";
import { quoteView } from "./quote-view.ts";
import { reactionsView } from "./reactions-view.ts";
import type { Talk } from "./talk.ts";
import { threadLink } from "./thread-link.ts";

/** All that decides how one row looks. */
export interface MessageModel {
  entry: TimelineEntry;
  mine: boolean;
  /** Set on the first of a day. */
  startsDay: boolean;
  /** First and last of a run of one author's messages. */
  first: boolean;
  last: boolean;
  /** Names of those who have read an own message. */
  readers: string[];
  /** Whether the readers are counted under it: the newest own message of a group that somebody has read. */
  countsReaders: boolean;
  isEditing: boolean;
}

/** What a row needs besides its model. */
export interface MessageContext {
  talk: Talk;
  myId: string;
  openThread(id: string): void;
}

const STATUS = {
  sending: ["clock", "Sending"],
  failed: ["failed", "Not sent"],
  sent: ["sent", "Sent"],
  read: ["read", "Read"],
} as const satisfies Record<string, readonly [IconName, string]>;

/** One row of the conversation; its element lives from draft to stored message, and changes where it must. */
export class MessageView {
  readonly element = h("li", { className: "row", tabIndex: -1 });
  /** The message with what stands beside it; where the toolbar goes. Undefined for a system message. */
  line: HTMLElement | undefined;
  model: MessageModel | undefined;
  readonly #context: MessageContext;
  /** What had the focus when an edit began. */
  #before: Element | null | undefined;
  readonly #parts = new Map<string, string>();
  readonly #statusBox = h("span", { className: "status" });
  readonly #under = h("div", { className: "under" });
  readonly #readBy = h("p", { className: "read-by", testid: "read-by", hidden: true });
  readonly #failure = h("p", { className: "failure", hidden: true });

  constructor(context: MessageContext) {
    this.#context = context;
  }

  update(model: MessageModel): void {
    this.model = model;
    const { entry, mine } = model;
    const { message } = entry;
    this.#draw("body", bodyFacts(model, this.#context.talk.quoteOf(entry)), () => this.#build(model));
    this.element.classList.toggle("is-mine", mine);
    this.element.classList.toggle("is-last", model.last);
    this.element.classList.toggle("is-changing", entry.changing);
    const bubble = this.element.querySelector<HTMLElement>("[data-testid=message]");
    if (bubble && message) {
      bubble.dataset.messageId = message.id;
      bubble.dataset.seq = String(message.seq);
    }
    const under = message && [message.id, message.reactions, message.reply_count, message.last_repliers];
    this.#draw("under", JSON.stringify(under), () => this.#drawUnder(model));
    this.#showStatus(model);
  }

  /** Draws a part where what it shows differs from what it showed. */
  #draw(part: string, facts: string, draw: () => void): void {
    if (this.#parts.get(part) === facts) return;
    this.#parts.set(part, facts);
    draw();
  }

  #build({ entry, mine, startsDay, first, isEditing }: MessageModel): void {
    const { message, draft } = entry;
    const { talk, myId } = this.#context;
    const at = message?.created_at ?? draft?.at ?? new Date().toISOString();
    const author = message?.user?.name ?? (message?.user_id ? "Former user" : "");
    const before = document.activeElement;
    const hadFocus = this.element.contains(before);
    this.element.replaceChildren();
    this.line = undefined;
    if (startsDay) this.element.append(h("p", { className: "day" }, h("span", {}, dayOf(at))));
    if (message?.type === "system") {
      this.element.append(h("p", { className: "system", testid: "message" }, message.content));
      return;
    }
    const bubble = h("div", { className: "bubble", testid: "message" });
    bubble.classList.toggle("is-removed", message?.deleted_at != null);
    if (first && !mine) bubble.append(h("p", { className: "author" }, author));
    const quoted = talk.quoteOf(entry);
    if (quoted) bubble.append(quoteView(quoted, () => void talk.jumpTo(quoted.id)));
    if (isEditing && message) {
      const form = editForm(
        message.content,
        (content) => talk.saveEdit(content),
        () => talk.edit(undefined),
      );
      bubble.classList.add("is-editing");
      bubble.append(form);
    } else {
      const picked = talk.pictureOf(entry.key);
      bubble.append(...messageBody(entry, picked, myId), this.#meta(entry, at, mine));
    }
    const side = !mine && h("span", { className: "side" }, first && avatar(message?.user_id ?? "", author));
    const stack = h("div", { className: "stack" }, bubble, this.#under);
    this.line = h("div", { className: first ? "line is-first" : "line" }, side, stack);
    this.element.append(this.line, this.#readBy, this.#failure);
    if (isEditing) this.#before = before;
    else if (hadFocus) this.#giveFocusBack();
  }

  /** After an edit: to where it was begun (the composer), else to the row. */
  #giveFocusBack(): void {
    const isThere = this.#before instanceof HTMLElement && this.#before.isConnected && this.#before !== document.body;
    const target = isThere ? (this.#before as HTMLElement) : this.element;
    this.#before = undefined;
    target.focus({ preventScroll: true });
  }

  #meta({ message }: TimelineEntry, at: string, mine: boolean): HTMLElement {
    const isEdited = message?.edited_at && !message.deleted_at;
    const pin = message?.pinned_at && h("span", { className: "pin-mark", title: "Pinned" }, icon("pin"));
    const edited = isEdited && h("span", { className: "edited", testid: "edited" }, "edited");
    const hasStatus = mine && !message?.deleted_at;
    const time = h("time", { dateTime: at }, timeOf(at));
    return h("span", { className: "meta" }, pin || undefined, edited || undefined, time, hasStatus && this.#statusBox);
  }

  #drawUnder({ entry: { message } }: MessageModel): void {
    const { talk, openThread } = this.#context;
    this.#under.replaceChildren();
    if (!message) return;
    if (message.reactions.length > 0) {
      this.#under.append(reactionsView(message, (emoji) => talk.toggleReaction(message, emoji)));
    }
    if (message.reply_count > 0 && !talk.isThread) {
      this.#under.append(threadLink(message, () => openThread(message.id)));
    }
  }

  #showStatus({ entry, mine, readers, countsReaders }: MessageModel): void {
    if (!mine) return;
    const { key, draft, message } = entry;
    const name = message ? (readers.length > 0 ? "read" : "sent") : (draft?.state ?? "sending");
    const readBy = `Read by ${listOf(readers)}`;
    this.#draw("status", `${name}|${readBy}`, () => {
      const [drawing, label] = STATUS[name];
      const text = name === "read" ? readBy : label;
      this.#statusBox.replaceChildren(icon(drawing), h("span", { className: "visually-hidden" }, text));
      this.#statusBox.title = text;
      this.element.dataset.status = name;
    });
    setText(this.#readBy, `Read by ${readers.length}`);
    this.#readBy.title = readBy;
    this.#readBy.hidden = !countsReaders;
    const { talk } = this.#context;
    const failure = draft?.state === "failed" ? talk.failureOf(draft) : undefined;
    this.#failure.hidden = !failure;
    this.#draw("failure", JSON.stringify(failure), () => {
      const action = (label: string, run: () => void) => h("button", { type: "button", onclick: run }, label);
      this.#failure.replaceChildren(`Not sent. ${failure?.text ?? ""} `);
      if (failure?.isRetryable)
        this.#failure.append(
          action("Try again", () => talk.timeline.retry(key)),
          " · ",
        );
      this.#failure.append(action("Discard", () => talk.timeline.discard(key)));
    });
  }
}

/** The same for a draft and the message that it became, so that a row with a picture keeps it. */
function bodyFacts(model: MessageModel, quoted: Message["quoted_message"]): string {
  const { startsDay, first, isEditing } = model;
  const { message, draft } = model.entry;
  const content = message?.content ?? draft?.message.content;
  const marks = [message?.deleted_at, message?.edited_at, message?.pinned_at, message?.streaming].map(Boolean);
  const mentions = message?.mentions.map((one) => one.name) ?? [];
  return JSON.stringify([startsDay, first, isEditing, content, marks, mentions, quoted?.content, quoted?.deleted]);
}

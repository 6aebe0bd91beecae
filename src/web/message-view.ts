import { avatar } from "./avatar.ts";
import type { Entry } from "./conversation.ts";
import { h } from "./dom.ts";
import { dayOf, timeOf } from "./format.ts";
import { type IconName, icon } from "./icons.ts";
import { messageBody } from "./message-body.ts";

/** All that decides how one row looks. */
export interface MessageModel {
  entry: Entry;
  mine: boolean;
  /** Set on the first of a day. */
  startsDay: boolean;
  /** First and last of a run of one author's messages. */
  first: boolean;
  last: boolean;
  readers: string[];
}

/** What the user can do about a message that was not sent. */
export interface MessageActions {
  retry(key: string): void;
  discard(key: string): void;
}

const STATUS = {
  sending: ["clock", "Sending"],
  failed: ["failed", "Not sent"],
  sent: ["sent", "Sent"],
  read: ["read", "Read"],
} as const satisfies Record<string, readonly [IconName, string]>;

/** One row of the conversation; its element lives from draft to stored message, and changes where it must. */
export class MessageView {
  readonly element = h("li", { className: "row" });
  readonly #actions: MessageActions;
  #shape: string | undefined;
  #status = "";
  readonly #statusBox = h("span", { className: "status" });
  readonly #failure = h("p", { className: "failure", hidden: true });

  constructor(actions: MessageActions) {
    this.#actions = actions;
  }

  update(model: MessageModel): void {
    const { entry, mine } = model;
    const { message } = entry;
    const content = message?.content ?? entry.draft?.content;
    const facts = [model.startsDay, model.first, content, message?.deleted_at ?? "", message?.edited_at ?? ""];
    // The same for a draft and the message that it became, so that a row with a picture keeps it.
    const shape = facts.join("|");
    if (shape !== this.#shape) this.#build(model);
    this.#shape = shape;
    this.element.classList.toggle("is-mine", mine);
    this.element.classList.toggle("is-last", model.last);
    const bubble = this.element.querySelector<HTMLElement>("[data-testid=message]");
    if (bubble && message) {
      bubble.dataset.messageId = message.id;
      bubble.dataset.seq = String(message.seq);
    }
    this.#showStatus(model);
  }

  #build({ entry, mine, startsDay, first }: MessageModel): void {
    const { message, draft } = entry;
    const at = message?.created_at ?? draft?.at ?? new Date().toISOString();
    const author = message?.user?.name ?? (message?.user_id ? "Former user" : "");
    this.element.replaceChildren();
    if (startsDay) this.element.append(h("p", { className: "day" }, h("span", {}, dayOf(at))));
    if (message?.type === "system") {
      this.element.append(h("p", { className: "system", testid: "message" }, message.content));
      return;
    }
    const meta = h(
      "span",
      { className: "meta" },
      message?.edited_at ? "edited " : "",
      h("time", { dateTime: at }, timeOf(at)),
    );
    if (mine) meta.append(this.#statusBox);
    const bubble = h("div", { className: "bubble", testid: "message" });
    if (first && !mine) bubble.append(h("p", { className: "author" }, author));
    bubble.append(...messageBody(entry), meta);
    const side = !mine && h("span", { className: "side" }, first && avatar(message?.user_id ?? "", author));
    this.element.append(h("div", { className: first ? "line is-first" : "line" }, side, bubble), this.#failure);
  }

  #showStatus({ entry, mine, readers }: MessageModel): void {
    if (!mine) return;
    const name = entry.status !== "stored" ? entry.status : readers.length > 0 ? "read" : "sent";
    const status = `${name}|${readers.join()}|${entry.failure?.text ?? ""}`;
    if (status === this.#status) return;
    this.#status = status;
    const [drawing, label] = STATUS[name];
    this.#statusBox.replaceChildren(icon(drawing), h("span", { className: "visually-hidden" }, label));
    this.#statusBox.title = name === "read" ? `Read by ${readers.join(", ")}` : label;
    this.element.dataset.status = name;
    this.#failure.hidden = name !== "failed";
    const action = (label: string, run: (key: string) => void) =>
      h("button", { type: "button", onclick: () => run(entry.key) }, label);
    this.#failure.replaceChildren(`Not sent. ${entry.failure?.text ?? ""} `);
    if (entry.failure?.retryable) this.#failure.append(action("Try again", this.#actions.retry), " · ");
    this.#failure.append(action("Discard", this.#actions.discard));
  }
}

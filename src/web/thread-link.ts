import type { Message } from "../sdk/index.ts";
import { avatar } from "./avatar.ts";
import { h } from "./dom.ts";

/** How many replies the thread under a message has, and of whom; a press opens it. */
export function threadLink({ reply_count, last_repliers }: Message, open: () => void): HTMLElement {
  const faces = last_repliers.map((user) => avatar(user.id, user.name || "?"));
  return h(
    "button",
    { type: "button", className: "thread-link", testid: "thread-link", onclick: open },
    h("span", { className: "faces" }, ...faces),
    reply_count === 1 ? "1 reply" : `${reply_count} replies`,
  );
}

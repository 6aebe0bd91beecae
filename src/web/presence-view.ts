import type { Presence } from "../sdk/index.ts";
import { h, setText } from "./dom.ts";
import { agoOf } from "./format.ts";

/** "online", "away", "last seen 5 min ago"; nothing where nothing is known. */
export function presenceText(presence: Presence | undefined): string {
  if (!presence) return "";
  if (presence.status !== "offline") return presence.status;
  return presence.last_seen_at ? `last seen ${agoOf(presence.last_seen_at)}` : "offline";
}

/** A dot at somebody's picture. What it says is said in words elsewhere, or by its label. */
export class PresenceDot {
  readonly #label = h("span", { className: "visually-hidden" });
  readonly element = h("span", { className: "presence", testid: "presence" }, this.#label);

  update(presence: Presence | undefined): void {
    this.element.dataset.status = presence?.status ?? "unknown";
    const text = presenceText(presence);
    setText(this.#label, text);
    this.element.title = text;
  }
}

import { h } from "./dom.ts";
import { initialsOf } from "./format.ts";
import { icon } from "./icons.ts";

const HUES = 6;

/** A round picture of initials (or of a group), in a colour that stays with the id. */
export function avatar(id: string, name: string, group = false): HTMLElement {
  // FNV-1a: ids of one second differ in few characters, and shall not look alike.
  let hash = 2_166_136_261;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 16_777_619) >>> 0;
  const element = h("span", { className: `avatar hue-${(hash >>> 8) % HUES}`, aria: { hidden: "true" } });
  element.append(group ? icon("group") : initialsOf(name));
  return element;
}

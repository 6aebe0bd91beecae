import { h } from "./dom.ts";
import { initialsOf } from "./format.ts";
import { icon } from "./icons.ts";

const HUES = 6;

/** A round picture of initials (or of a group), in a colour that stays with the id. */
export function avatar(id: string, name: string, group = false): HTMLElement {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + char.charCodeAt(0)) % 9973;
  const element = h("span", { className: `avatar hue-${sum % HUES}`, aria: { hidden: "true" } });
  element.append(group ? icon("group") : initialsOf(name));
  return element;
}

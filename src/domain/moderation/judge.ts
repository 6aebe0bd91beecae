import type { ModerationAction, ModerationRule, ModerationSettings } from "../../protocol/workspace.ts";
import { findLinks } from "./link.ts";
import type { Span } from "./normalize.ts";
import { findPhones } from "./phone.ts";
import { compileWords, findProfanity, type WordList } from "./profanity.ts";

/** What stands in a message in the place of what a rule masks. */
export const MASK = "***";

/** What becomes of a message. */
export interface Verdict {
  /** The strictest action of all rules that it broke; undefined where it broke none. */
  taken: { rule: ModerationRule; action: ModerationAction } | undefined;
  /** What is to be stored, where it is stored at all. */
  content: string;
  /** All rules that it broke, the one with the strictest action first. */
  broken: ModerationRule[];
}

const STRICTNESS: Record<ModerationAction, number> = { flag: 1, mask: 2, reject: 3, auto_mute: 4 };

/**
 * Judges a text by a workspace's rules. Of several broken rules the strictest action is taken; a message that is stored is masked for
 * every rule that says so. A flood has no place in the text, so that its mask covers all of it.
 *
 * @param isFlood whether the message is one too many, see `FloodWatch`
 */
export function judge(text: string, settings: ModerationSettings, isFlood: boolean): Verdict {
  if (!settings.enabled) return { taken: undefined, content: text, broken: [] };
  const lists = listsOf(settings);
  const finders: [ModerationRule, () => Span[]][] = [
    ["profanity", () => findProfanity(text, lists.blocked, lists.allowed)],
    ["flood", () => (isFlood ? [{ start: 0, end: text.length }] : [])],
    ["link", () => findLinks(text)],
    ["phone", () => findPhones(text)],
  ];
  const hits = finders
    .filter(([rule]) => settings[rule].enabled)
    .map(([rule, find]) => ({ rule, action: settings[rule].action, spans: find() }))
    .filter(({ spans }) => spans.length > 0)
    .sort((one, other) => STRICTNESS[other.action] - STRICTNESS[one.action]);
  const masked = hits.filter(({ action }) => action === "mask").flatMap(({ spans }) => spans);
  const [first] = hits;
  return {
    taken: first === undefined ? undefined : { rule: first.rule, action: first.action },
    content: mask(text, masked),
    broken: hits.map(({ rule }) => rule),
  };
}

/** Replaces stretches of a text, which may overlap. */
export function mask(text: string, spans: readonly Span[]): string {
  let out = "";
  let from = 0;
  for (const { start, end } of [...spans].sort((one, other) => one.start - other.start)) {
    // An overlap belongs to the mask that is there already; a mask of nothing hides nothing.
    if (start >= from && end > start) out += text.slice(from, start) + MASK;
    from = Math.max(from, end);
  }
  return out + text.slice(from);
}

const compiled = new WeakMap<ModerationSettings, { blocked: WordList; allowed: WordList }>();

function listsOf(settings: ModerationSettings): { blocked: WordList; allowed: WordList } {
  const known = compiled.get(settings);
  if (known !== undefined) return known;
  const lists = { blocked: compileWords(settings.blocklist), allowed: compileWords(settings.allowlist) };
  compiled.set(settings, lists);
  return lists;
}

import { h } from "./dom.ts";
import { EMOJIS, QUICK } from "./emoji.ts";
import { openPopover } from "./popover.ts";

/** Buttons of emojis; that of the own reaction is marked. */
export function emojiButtons(
  emojis: readonly (readonly [string, string])[],
  present: string | undefined,
  pick: (emoji: string) => void,
): HTMLElement[] {
  return emojis.map(([emoji, name]) =>
    h(
      "button",
      {
        type: "button",
        className: "emoji",
        testid: "emoji",
        title: name,
        aria: { label: name, pressed: String(emoji === present) },
        data: { emoji },
        onclick: () => pick(emoji),
      },
      emoji,
    ),
  );
}

/** Opens the small picker beside an element. */
export function openEmojiPicker(
  anchor: HTMLElement,
  home: HTMLElement,
  present: string | undefined,
  pick: (emoji: string) => void,
): void {
  const close = openPopover({
    className: "emoji-picker",
    label: "Pick a reaction",
    role: "group",
    anchor,
    home,
    content: emojiButtons(EMOJIS, present, (emoji) => {
      close();
      pick(emoji);
    }),
  });
}

export { QUICK };

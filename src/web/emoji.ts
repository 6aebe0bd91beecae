/** Offered at once. */
export const QUICK = [
  ["👍", "thumbs up"],
  ["❤️", "heart"],
  ["😂", "tears of joy"],
  ["🎉", "party"],
  ["😮", "surprised"],
  ["🙏", "thank you"],
] as const;

/** Offered in the picker, after the quick ones. */
const MORE = [
  ["😊", "smile"],
  ["😍", "heart eyes"],
  ["😅", "relieved laugh"],
  ["😢", "crying"],
  ["😡", "angry"],
  ["🤔", "thinking"],
  ["🙌", "raised hands"],
  ["👏", "applause"],
  ["💪", "strong"],
  ["👎", "thumbs down"],
  ["👀", "eyes"],
  ["👋", "wave"],
  ["🔥", "fire"],
  ["⭐", "star"],
  ["💯", "hundred"],
  ["✅", "done"],
  ["❌", "cross"],
  ["❓", "question"],
  ["🚀", "rocket"],
  ["💡", "idea"],
  ["☕", "coffee"],
  ["🍜", "noodles"],
  ["🎂", "cake"],
  ["🌧️", "rain"],
] as const;

export const EMOJIS: readonly (readonly [emoji: string, name: string])[] = [...QUICK, ...MORE];

/** What a screen reader says for an emoji of the picker; others speak for themselves. */
export function emojiName(emoji: string): string {
  return EMOJIS.find(([one]) => one === emoji)?.[1] ?? emoji;
}

import type { Member } from "../sdk/index.ts";

const MOST = 6;

/** The `@` and the letters after it that stand before the caret. */
export function mentionBefore(text: string, caret: number): { from: number; letters: string } | undefined {
  const match = /(?:^|\s)@([^\s@]{0,30})$/u.exec(text.slice(0, caret));
  return match ? { from: caret - (match[1]?.length ?? 0) - 1, letters: match[1] ?? "" } : undefined;
}

/** Members whose name, or a word of it, or id begins with the letters. */
export function matching(members: Member[], letters: string): Member[] {
  const wanted = letters.toLowerCase();
  const fits = ({ user }: Member) =>
    [user.name, ...user.name.split(/\s+/), user.external_id ?? ""].some((word) =>
      word.toLowerCase().startsWith(wanted),
    );
  return members.filter((member) => member.user.external_id !== null && fits(member)).slice(0, MOST);
}

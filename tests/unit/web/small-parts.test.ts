import { describe, expect, it } from "vitest";
import type { Member } from "../../../src/protocol/member.ts";
import { agoOf, listOf } from "../../../src/web/format.ts";
import { matching, mentionBefore } from "../../../src/web/mention-match.ts";

const member = (name: string, external_id: string | null) =>
  ({ user: { id: name, name, external_id, avatar_url: null } }) as Member;

describe("mentions in a text", () => {
  it("[WEB-33] are looked for behind an @ that begins a word, up to the caret", () => {
    expect(mentionBefore("@", 1)).toEqual({ from: 0, letters: "" });
    expect(mentionBefore("over to @bi", 11)).toEqual({ from: 8, letters: "bi" });
    expect(mentionBefore("over to @bima now", 10)).toEqual({ from: 8, letters: "b" });
    expect(mentionBefore("mail@example", 12)).toBeUndefined();
    expect(mentionBefore("@bima and", 9)).toBeUndefined();
  });

  it("[WEB-33] offer members by the beginning of a name, a later name, or the id; those without an id never", () => {
    const members = [member("Ayu Lestari", "u-1"), member("Bima", "lead"), member("Lena", null)];
    const names = (letters: string) => matching(members, letters).map(({ user }) => user.name);
    expect(names("le")).toEqual(["Ayu Lestari", "Bima"]);
    expect(names("AYU")).toEqual(["Ayu Lestari"]);
    expect(names("")).toEqual(["Ayu Lestari", "Bima"]);
    expect(names("zz")).toEqual([]);
  });
});

describe("words of the page", () => {
  it("[WEB-34] tell how long ago somebody was seen, and list names shortly", () => {
    const now = new Date(2026, 4, 10, 14, 30);
    const ago = (ms: number) => new Date(now.getTime() - ms).toISOString();
    expect(agoOf(ago(20_000), now)).toBe("just now");
    expect(agoOf(ago(5 * 60_000), now)).toBe("5 min ago");
    expect(agoOf(ago(3 * 3_600_000), now)).toMatch(/^at /);
    expect(agoOf(ago(30 * 3_600_000), now)).toMatch(/^on /);
    expect(listOf(["Ayu", "Bima", "Citra", "Dewi"])).toBe("Ayu, Bima and 2 others");
  });
});

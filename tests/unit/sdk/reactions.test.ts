import { describe, expect, it } from "vitest";
import { ownReaction, withOwnReaction, withReactionEvent } from "../../../src/sdk/reactions.ts";

const one = (emoji: string, count: number, mine = false) => ({ emoji, count, reacted_by_me: mine });
const event = (emoji: string, replaces?: string) => ({
  cursor: "",
  channel_id: "c",
  channel_external_id: null,
  message_id: "m",
  user_id: "u",
  emoji,
  replaces,
});

describe("reactions", () => {
  it("[WEB-1] own ones are a set of at most one: doing it twice changes nothing", () => {
    const liked = withOwnReaction([one("👍", 1)], "👍");
    expect(liked).toEqual([one("👍", 2, true)]);
    expect(withOwnReaction(liked, "👍")).toBe(liked);
    const loved = withOwnReaction(liked, "❤️");
    expect(loved).toEqual([one("👍", 1), one("❤️", 1, true)]);
    expect(ownReaction(loved)).toBe("❤️");
    expect(withOwnReaction(loved, undefined)).toEqual([one("👍", 1)]);
  });

  it("[WEB-1] own events that come again, or late, change nothing", () => {
    const loved = [one("👍", 1), one("❤️", 1, true)];
    expect(withReactionEvent(loved, event("❤️", "👍"), true, true)).toEqual(loved);
    expect(withReactionEvent(loved, event("👍"), false, true)).toEqual(loved);
    expect(withReactionEvent(loved, event("❤️"), false, true)).toEqual([one("👍", 1)]);
  });

  it("[WEB-2] another's emoji replaces its earlier one, and none is left without a count", () => {
    const liked = withReactionEvent([one("👍", 1, true)], event("👍"), true, false);
    expect(liked).toEqual([one("👍", 2, true)]);
    const moved = withReactionEvent(liked, event("🎉", "👍"), true, false);
    expect(moved).toEqual([one("👍", 1, true), one("🎉", 1)]);
    expect(withReactionEvent(moved, event("🎉"), false, false)).toEqual([one("👍", 1, true)]);
  });
});

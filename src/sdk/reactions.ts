import type { Message } from "../protocol/message.ts";
import type { DataOf } from "./wire.ts";

type Reactions = Message["reactions"];
type Added = DataOf<"message.reaction.added">;

/** The emoji of the viewer's own reaction. */
export function ownReaction(reactions: Reactions): string | undefined {
  return reactions.find((one) => one.reacted_by_me)?.emoji;
}

/** The viewer's own reaction becomes this one, or none. Doing it twice changes nothing. */
export function withOwnReaction(reactions: Reactions, emoji: string | undefined): Reactions {
  const present = ownReaction(reactions);
  if (present === emoji) return reactions;
  return plus(minus(reactions, present, true), emoji, true);
}

/** Somebody's reaction came or went. Own events may come again; those of others are counted each once. */
export function withReactionEvent(reactions: Reactions, data: Added, added: boolean, own: boolean): Reactions {
  if (own && added) return withOwnReaction(reactions, data.emoji);
  if (own) return ownReaction(reactions) === data.emoji ? withOwnReaction(reactions, undefined) : reactions;
  return added ? plus(minus(reactions, data.replaces), data.emoji) : minus(reactions, data.emoji);
}

function minus(reactions: Reactions, emoji: string | undefined, mine = false): Reactions {
  return reactions.flatMap((one) => {
    if (one.emoji !== emoji) return [one];
    const count = one.count - 1;
    return count > 0 ? [{ emoji, count, reacted_by_me: one.reacted_by_me && !mine }] : [];
  });
}

function plus(reactions: Reactions, emoji: string | undefined, mine = false): Reactions {
  if (emoji === undefined) return reactions;
  const known = reactions.find((one) => one.emoji === emoji);
  if (!known) return [...reactions, { emoji, count: 1, reacted_by_me: mine }];
  const more = { emoji, count: known.count + 1, reacted_by_me: known.reacted_by_me || mine };
  return reactions.map((one) => (one === known ? more : one));
}

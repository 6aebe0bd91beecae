import type { HeldPage, HeldPageRequest } from "../../src/domain/hub-contract.ts";
import { utf8Of } from "../../src/domain/text-pieces.ts";
import type { Message } from "../../src/protocol/message.ts";
import type { MemoryHistory } from "./hub-rig.ts";

/** What a page of the hub's shows. */
export function messagesOf({ messages }: HeldPage): Message[] {
  return JSON.parse(new TextDecoder().decode(utf8Of(["[", ...messages, "]"]))) as Message[];
}

/** The page that Postgres would answer, made the plain way: every message as this reader sees it. */
export function pageAsSeenBy(history: MemoryHistory, { channel, userId, before, limit }: HeldPageRequest) {
  const below = before ?? Number.MAX_SAFE_INTEGER;
  const all = history.now(channel, 1, below).messages.map(({ message, clientId, reactors }): Message => {
    const isOwn = userId !== undefined && message.user_id === userId;
    const reactions = message.reactions.map((reaction) => ({
      ...reaction,
      reacted_by_me: userId !== undefined && (reactors[reaction.emoji]?.includes(userId) ?? false),
    }));
    return { ...message, reactions, ...(isOwn && clientId !== null ? { client_id: clientId } : {}) };
  });
  const messages = all.slice(0, limit);
  return { messages, hasMore: all.length > limit, oldestSeq: messages.at(-1)?.seq };
}

import type { Message } from "../sdk/index.ts";
import type { MessageModel } from "./message-view.ts";
import type { Talk } from "./talk.ts";

/** Milliseconds between two messages of one author that still belong together. */
const RUN = 5 * 60_000;

/** How the rows of a place look, oldest first. */
export function modelsOf(talk: Talk, myId: string): MessageModel[] {
  const { entries, entry } = talk;
  const facts = entries.map(({ message, draft }) => ({
    author: message ? (message.type === "system" ? "" : message.user_id) : myId,
    at: new Date(message?.created_at ?? draft?.at ?? 0),
  }));
  const joined = (index: number) => {
    const [one, two] = [facts[index - 1], facts[index]];
    // The root of a thread stands apart from its replies.
    if (!one || !two || (talk.isThread && index === 1)) return false;
    const sameDay = one.at.toDateString() === two.at.toDateString();
    return sameDay && one.author === two.author && two.at.getTime() - one.at.getTime() < RUN;
  };
  const readers = (message: Message | undefined) =>
    message && !message.deleted_at ? entry.reads.readersOf(message).map((user) => user.name) : [];
  const models = entries.map((one, index) => ({
    entry: one,
    mine: facts[index]?.author === myId,
    startsDay: facts[index - 1]?.at.toDateString() !== facts[index]?.at.toDateString(),
    first: !joined(index),
    last: !joined(index + 1),
    readers: readers(one.message),
    countsReaders: false,
    isEditing: one.message !== undefined && one.message.id === talk.editing,
  }));
  const newestRead = models.findLast((model) => model.mine && model.readers.length > 0);
  if (newestRead) newestRead.countsReaders = entry.isGroup && !talk.isThread;
  return models;
}

import type { Message } from "../protocol/message.ts";
import type { ChannelRow } from "./channel-view.ts";
import type { MessageReaction, MessageRest, PageMessageRow } from "./message-json.ts";
import { ownStrings } from "./own-strings.ts";

/** The channel and what is true of a whole page. */
export type PageHead = ChannelRow & {
  around_seq: number | null;
  /** Users whom the viewer blocked. */
  blocked: string[];
};

/** A page as `kabar_history_columns` gives it. */
export type PageRow = MessageColumns & { head: PageHead; reactions: MessageReaction[] | null };

/**
 * Messages in one row: texts hold one value for each message, newest first, with commas between. What few messages have stands by their
 * seq. Null where there are none of it.
 */
export type MessageColumns = {
  ids: string | null;
  seqs: string | null;
  /** Nothing between two commas for a message without an author. */
  user_ids: string | null;
  types: string | null;
  /** Unix milliseconds. */
  times: string | null;
  contents: string[] | null;
  /** Seq → idempotency key: the viewer's own ones, or all. */
  client_ids: Record<string, string> | null;
  rests: Record<string, MessageRest> | null;
  authors: Author[] | null;
};

type Author = [id: string, externalId: string | null, name: string, avatarUrl: string | null];

/** The messages of a page, newest first. */
export function pageMessages(row: PageRow): PageMessageRow[] {
  return messagesOf(row, reactionsByMessage(row.reactions));
}

/** @param reactions by the id of the message; undefined for none at all, as most pages have */
export function messagesOf(
  row: MessageColumns,
  reactions: ReadonlyMap<string, Message["reactions"]> | undefined,
): PageMessageRow[] {
  if (row.ids === null) return [];
  const ids = ownStrings(row.ids.split(","));
  const seqs = valuesOf(row.seqs);
  const userIds = ownStrings(valuesOf(row.user_ids));
  const types = valuesOf(row.types) as Message["type"][];
  const times = valuesOf(row.times);
  const authors = new Map((row.authors ?? []).map((author) => [author[0], author]));
  return ids.map((id, index) => {
    const seq = seqs[index] ?? "";
    const userId = userIds[index] || null;
    const author = userId === null ? undefined : authors.get(userId);
    return {
      id,
      seq: Number(seq),
      user_id: userId,
      user_external_id: author?.[1] ?? null,
      user_name: author?.[2] ?? null,
      user_avatar_url: author?.[3] ?? null,
      content: row.contents?.[index] ?? "",
      type: types[index] ?? "text",
      created_at: Number(times[index]) / 1000,
      client_id: row.client_ids?.[seq] ?? null,
      rest: row.rests?.[seq] ?? null,
      reactions: reactions?.get(id) ?? null,
    };
  });
}

function valuesOf(text: string | null): string[] {
  return text === null ? [] : text.split(",");
}

function reactionsByMessage(all: MessageReaction[] | null): Map<string, Message["reactions"]> | undefined {
  if (all === null) return undefined;
  const byMessage = new Map<string, Message["reactions"]>();
  for (const { message_id: messageId, ...reaction } of all) {
    const known = byMessage.get(messageId);
    if (known === undefined) byMessage.set(messageId, [reaction]);
    else known.push(reaction);
  }
  return byMessage;
}

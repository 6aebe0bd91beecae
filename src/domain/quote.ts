import type { Message, QuotedMessage } from "../protocol/message.ts";

const PREVIEW_CHARS = 200;

/** The preview of a message inside a reply to it. */
export function quote(
  message: Pick<Message, "id" | "user_id" | "user" | "content" | "type" | "deleted_at">,
): QuotedMessage {
  return {
    id: message.id,
    user_id: message.user_id,
    user_name: message.user?.name ?? "",
    content: preview(message.content),
    type: message.type,
    deleted: message.deleted_at !== null,
  };
}

/** The beginning of a text, cut between code points so that no character is torn. */
export function preview(content: string): string {
  return content.length <= PREVIEW_CHARS ? content : `${[...content].slice(0, PREVIEW_CHARS).join("")}…`;
}

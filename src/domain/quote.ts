import type { Message, QuotedMessage } from "../protocol/message.ts";
import { preview } from "../protocol/preview.ts";

export { preview };

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

import type { ChangedMessage, Message } from "../protocol/message.ts";
import { preview } from "../protocol/preview.ts";
import { withReactionEvent } from "./reactions.ts";
import type { DataOf } from "./wire.ts";

/** The events that change messages besides adding them; a reply changes the root of its thread. */
export type ChangeType =
  | `message.${"created" | "updated" | "deleted" | "pinned" | "unpinned"}`
  | `message.reaction.${"added" | "removed"}`;
export type Change = { [Type in ChangeType]: { type: Type; data: DataOf<Type> } }[ChangeType];

export const CHANGE_TYPES: ChangeType[] = [
  "message.created",
  "message.updated",
  "message.deleted",
  "message.pinned",
  "message.unpinned",
  "message.reaction.added",
  "message.reaction.removed",
];

/**
 * A message after an event: the same object where the event is not about it.
 * @param me whose view it is
 */
export function afterChange(message: Message, { type, data }: Change, me: string | undefined): Message {
  if ("emoji" in data) {
    if (data.message_id !== message.id) return message;
    const added = type === "message.reaction.added";
    return { ...message, reactions: withReactionEvent(message.reactions, data, added, data.user_id === me) };
  }
  const changed = data.message;
  if (type === "message.created") return changed.thread_root_id === message.id ? withReply(message, changed) : message;
  if (changed.id === message.id) return lay(message, changed);
  if (changed.id === message.parent_id) return requote(message, changed);
  if (type === "message.deleted" && changed.thread_root_id === message.id) {
    return { ...message, reply_count: message.reply_count - 1 };
  }
  return message;
}

/** A changed message over the known one: shared frames do not carry what differs by viewer or is counted from others. */
export function lay(known: Message, changed: ChangedMessage): Message {
  const { reactions, reply_count, last_repliers, client_id } = known;
  return { ...changed, reactions: changed.deleted_at ? [] : reactions, reply_count, last_repliers, client_id };
}

/** A reply with the preview of its parent as the parent is now. */
function requote(reply: Message, parent: ChangedMessage): Message {
  const quoted = {
    id: parent.id,
    user_id: parent.user_id,
    user_name: parent.user?.name ?? "",
    content: preview(parent.content),
    type: parent.type,
    deleted: parent.deleted_at !== null,
  };
  return { ...reply, quoted_message: quoted };
}

function withReply(root: Message, { user }: ChangedMessage): Message {
  const others = root.last_repliers.filter((one) => one.id !== user?.id);
  const last_repliers = user ? [user, ...others].slice(0, 3) : others;
  return { ...root, reply_count: root.reply_count + 1, last_repliers };
}

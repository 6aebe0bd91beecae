import type { Message } from "../sdk/index.ts";
import type { ChannelEntry } from "./channel-entry.ts";
import { listOf } from "./format.ts";

/** What a channel is called on one user's side: a direct one by the other's name. */
export function titleOf(entry: ChannelEntry, myId: string): string {
  if (entry.info.name) return entry.info.name;
  const others = entry.members.filter(({ user }) => user.id !== myId).map(({ user }) => user.name);
  return others.length > 0 ? listOf(others) : entry.info.type === "direct" ? "Direct message" : "Group";
}

/** A message in a few words, for the list. */
export function previewOf(message: Message | null, myId: string): string {
  if (!message) return "No messages yet";
  const who = message.user_id === myId ? "You: " : "";
  if (message.deleted_at) return `${who}Message removed`;
  if (message.content) return who + message.content;
  return who + (message.type === "image" ? "Photo" : (message.attachment?.filename ?? "File"));
}

/** "Budi is typing…" */
export function typingText(entry: ChannelEntry): string {
  const names = entry.typing.map((id) => entry.nameOf(id) ?? "Someone");
  if (names.length === 0) return "";
  return `${listOf(names)} ${names.length === 1 ? "is" : "are"} typing`;
}

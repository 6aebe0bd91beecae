import type { ChangedMessage, Message } from "../../../../src/protocol/message.ts";
import { preview } from "../../../../src/protocol/preview.ts";
import type { DurableFrame, FakeChannel, FakeWorkspace } from "./fake-workspace.ts";

const now = () => new Date().toISOString();

/** A message as one user sees it, with what is counted from reactions and replies. */
export function viewOf(channel: FakeChannel, message: Message, userId: string): Message {
  const byUser = channel.reactions.get(message.id) ?? new Map<string, string>();
  const emojis = [...new Set(byUser.values())];
  const reactions = emojis.map((emoji) => ({
    emoji,
    count: [...byUser.values()].filter((one) => one === emoji).length,
    reacted_by_me: byUser.get(userId) === emoji,
  }));
  const replies = channel.messages.filter((one) => one.thread_root_id === message.id && one.deleted_at === null);
  const repliers = replies.reverse().flatMap(({ user }) => (user ? [user] : []));
  const last_repliers = repliers.filter((user, index) => repliers.findIndex(({ id }) => id === user.id) === index);
  const parent = channel.messages.find((one) => one.id === message.parent_id);
  const quoted_message = parent && {
    id: parent.id,
    user_id: parent.user_id,
    user_name: parent.user?.name ?? "",
    content: preview(parent.content),
    type: parent.type,
    deleted: parent.deleted_at !== null,
  };
  const { client_id, ...rest } = message;
  return {
    ...rest,
    reactions,
    reply_count: replies.length,
    last_repliers: last_repliers.slice(0, 3),
    ...(quoted_message && { quoted_message }),
    ...(message.user_id === userId && client_id !== undefined && { client_id }),
  };
}

/** A message as shared frames carry it. */
function shared(channel: FakeChannel, message: Message): ChangedMessage {
  const { reactions: _r, reply_count: _c, last_repliers: _l, client_id: _k, ...rest } = viewOf(channel, message, "");
  return structuredClone(rest);
}

/** Changes of one message of the fake workspace; each gives the event, or nothing where nothing changed. */
export class FakeChanges {
  readonly #workspace: FakeWorkspace;

  constructor(workspace: FakeWorkspace) {
    this.#workspace = workspace;
  }

  edit(channel: FakeChannel, id: string, content: string): DurableFrame | undefined {
    const message = this.#find(channel, id);
    if (!message || message.content === content) return undefined;
    Object.assign(message, { content, edited_at: now() });
    return this.#append(channel, { type: "message.updated", data: { cursor: "", message: shared(channel, message) } });
  }

  unsend(channel: FakeChannel, id: string): DurableFrame | undefined {
    const message = this.#find(channel, id);
    if (!message || message.deleted_at) return undefined;
    Object.assign(message, { content: "", deleted_at: now(), pinned_at: null, mentions: [] });
    channel.reactions.delete(id);
    const data = { cursor: "", ...idsOf(channel), message_id: id, message: shared(channel, message) };
    return this.#append(channel, { type: "message.deleted", data });
  }

  react(channel: FakeChannel, id: string, userId: string, emoji: string | undefined): DurableFrame | undefined {
    const message = this.#find(channel, id);
    const byUser = channel.reactions.get(id) ?? new Map<string, string>();
    const before = byUser.get(userId);
    if (!message || message.deleted_at || before === emoji) return undefined;
    channel.reactions.set(id, byUser);
    byUser.delete(userId);
    const data = { cursor: "", ...idsOf(channel), message_id: id, user_id: userId };
    if (emoji === undefined) {
      return this.#append(channel, { type: "message.reaction.removed", data: { ...data, emoji: before ?? "" } });
    }
    byUser.set(userId, emoji);
    return this.#append(channel, { type: "message.reaction.added", data: { ...data, emoji, replaces: before } });
  }

  pin(channel: FakeChannel, id: string, userId: string, pinned: boolean): DurableFrame | undefined {
    const message = this.#find(channel, id);
    if (!message || (message.pinned_at !== null) === pinned) return undefined;
    message.pinned_at = pinned ? now() : null;
    const data = { cursor: "", ...idsOf(channel), message_id: id, user_id: userId, message: shared(channel, message) };
    return this.#append(channel, { type: pinned ? "message.pinned" : "message.unpinned", data });
  }

  changed(channel: FakeChannel, id: string): ChangedMessage | undefined {
    const message = this.#find(channel, id);
    return message && shared(channel, message);
  }

  #find(channel: FakeChannel, id: string): Message | undefined {
    return channel.messages.find((one) => one.id === id);
  }

  #append(channel: FakeChannel, frame: DurableFrame): DurableFrame {
    return this.#workspace.append(channel, frame);
  }
}

function idsOf(channel: FakeChannel) {
  return { channel_id: channel.id, channel_external_id: channel.external_id };
}

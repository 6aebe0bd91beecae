import { isAllowed, type MessageAction, type Standing } from "../../src/domain/access.ts";
import type {
  Actor,
  EditCommand,
  HubError,
  HubResult,
  PinCommand,
  ReactCommand,
  UnsendCommand,
} from "../../src/domain/hub-contract.ts";
import { readContent, type SendRules } from "../../src/domain/send-rules.ts";
import { tombstoneOf } from "../../src/domain/tombstone.ts";
import type { DurableData, DurableType } from "../../src/protocol/frames-down.ts";
import type { ChangedMessage } from "../../src/protocol/message.ts";
import type { Changes } from "./changes.ts";
import type { ChannelState, Directory } from "./directory.ts";
import type { Fanout } from "./fanout.ts";
import type { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";
import { readMentions } from "./mentions.ts";
import type { MessageLookup, MessageState } from "./message-lookup.ts";
import type { Moderator } from "./moderator.ts";
import type { Mutes } from "./mutes.ts";
import type { HubRuntime } from "./storage.ts";

export interface MessageChangesParts {
  directory: Directory;
  changes: Changes;
  journal: Journal;
  fanout: Fanout;
  lookup: MessageLookup;
  mutes: Mutes;
  moderator: Moderator;
  runtime: HubRuntime;
  rules: SendRules;
  /** Seconds after which its author may no longer edit a message; 0 for no limit. */
  editWindowSeconds: number;
  onAppend(event: JournalEvent): void;
  /** The message that showed this file is gone. Called inside the transaction. */
  onFileGone(url: string | null): void;
}

type Refused = { ok: false; error: HubError };
type Found = { ok: true; channel: ChannelState; state: MessageState; standing: Standing; userId: string | null };

/** Edits, unsends, reactions and pins: each a change of one message, each one event of the journal, repeats none. */
export class MessageChanges {
  readonly #parts: MessageChangesParts;

  constructor(parts: MessageChangesParts) {
    this.#parts = parts;
  }

  async edit({ channel: ref, messageId, actor, body }: EditCommand): Promise<HubResult<ChangedMessage>> {
    const found = await this.#find(ref, messageId, actor);
    if (!found.ok) return found;
    const { channel, state, standing, userId } = found;
    const { directory, mutes, moderator, runtime, rules, editWindowSeconds } = this.#parts;
    const { message } = state;
    const muted = userId === null ? undefined : mutes.refusal(channel.info.id, userId);
    if (muted !== undefined) return muted;
    const isAuthor = userId !== null && userId === message.user_id;
    if (!isAllowed(standing, isAuthor ? "message.edit_own" : "message.edit_any")) {
      return refuse("NOT_AUTHOR", "only its author may edit a message");
    }
    if (message.deleted_at !== null) return refuse("NOT_FOUND", "the message was unsent");
    if (message.streaming) return refuse("CONFLICT", "it is still being written: finish its stream first");
    const age = runtime.now() - Date.parse(message.created_at);
    if (standing !== "workspace" && editWindowSeconds > 0 && age > editWindowSeconds * 1000) {
      return refuse("EDIT_WINDOW_EXPIRED", `a message may be edited for ${editWindowSeconds} s`);
    }
    const given = body.content ?? body.text ?? message.content;
    const read = readContent(
      { content: given, type: message.type, attachment_url: message.attachment_url, attachment: message.attachment },
      rules,
      true,
    );
    if ("refusal" in read) return { ok: false, error: read.refusal };
    const mentions = body.mentions === undefined ? message.mentions : readMentions(directory, channel, body.mentions);
    if (mentions === undefined) return refuse("VALIDATION_ERROR", "mentions must name members of the channel");
    // What an operator's server writes into a message is not judged.
    const isNewText = userId !== null && read.content !== message.content;
    const review = isNewText ? moderator.reviewChange(channel, userId, read.content) : undefined;
    if (review?.ok === false) return review;

    const next: ChangedMessage = {
      ...message,
      content: review?.verdict.content ?? read.content,
      mentions,
      metadata: body.metadata ?? message.metadata,
      edited_at: new Date(runtime.now()).toISOString(),
    };
    if (isSame(next, { ...message, edited_at: next.edited_at })) return { ok: true, value: message };
    const before = new Set(message.mentions.map((mention) => mention.user_id));
    const added = mentions.map((mention) => mention.user_id).filter((id) => !before.has(id));
    const data = { message: next, ...(added.length === 0 ? {} : { newly_mentioned: added }) };
    this.#append("message.updated", channel, data, userId, next.id);
    if (review !== undefined && userId !== null) moderator.note(channel, userId, next.id, review.verdict);
    state.message = next;
    this.#parts.lookup.requote(next);
    return { ok: true, value: next };
  }

  async unsend({ channel: ref, messageId, actor }: UnsendCommand): Promise<HubResult<ChangedMessage>> {
    const found = await this.#find(ref, messageId, actor);
    if (!found.ok) return found;
    const { channel, state, standing, userId } = found;
    const { message } = state;
    const isAuthor = userId !== null && userId === message.user_id;
    if (!isAllowed(standing, isAuthor ? "message.unsend_own" : "message.unsend_any")) {
      return refuse("NOT_AUTHOR", "only its author or an admin may unsend a message");
    }
    if (message.deleted_at !== null) return { ok: true, value: message };
    const blank = tombstoneOf(message, new Date(this.#parts.runtime.now()).toISOString());
    const data = { ...idsOf(channel), message_id: message.id, message: blank };
    this.#append("message.deleted", channel, data, userId, message.id, () => {
      // What was said is not kept: neither a resume nor a repeated send may bring it back.
      this.#parts.journal.messages.blank(blank);
      this.#parts.onFileGone(message.attachment_url);
    });
    state.message = blank;
    this.#parts.lookup.requote(blank);
    state.reactions.clear();
    return { ok: true, value: blank };
  }

  async react({ channel: ref, messageId, userId, emoji, only }: ReactCommand): Promise<HubResult<null>> {
    const found = await this.#find(ref, messageId, { userId });
    if (!found.ok) return found;
    const { channel, state, standing } = found;
    if (!isAllowed(standing, "message.react")) return refuse("FORBIDDEN", "reactions are for members");
    const done: HubResult<null> = { ok: true, value: null };
    const present = state.reactions.get(userId);
    const data = { ...idsOf(channel), message_id: messageId, user_id: userId };
    if (emoji === undefined) {
      if (present === undefined || (only !== undefined && only !== present)) return done;
      this.#append("message.reaction.removed", channel, { ...data, emoji: present }, userId, messageId);
      state.reactions.delete(userId);
      return done;
    }
    if (state.message.deleted_at !== null) return refuse("NOT_FOUND", "the message was unsent");
    if (present === emoji) return done;
    const replaces = present === undefined ? {} : { replaces: present };
    this.#append("message.reaction.added", channel, { ...data, emoji, ...replaces }, userId, messageId);
    state.reactions.set(userId, emoji);
    return done;
  }

  async pin({ channel: ref, messageId, actor, pinned }: PinCommand): Promise<HubResult<ChangedMessage>> {
    const found = await this.#find(ref, messageId, actor);
    if (!found.ok) return found;
    const { channel, state, standing, userId } = found;
    const action: MessageAction = channel.info.type === "direct" ? "message.pin_direct" : "message.pin";
    if (!isAllowed(standing, action)) return refuse("FORBIDDEN", "only an admin of this channel may pin");
    const { message } = state;
    if (message.deleted_at !== null) return refuse("NOT_FOUND", "the message was unsent");
    if ((message.pinned_at !== null) === pinned) return { ok: true, value: message };
    const next = { ...message, pinned_at: pinned ? new Date(this.#parts.runtime.now()).toISOString() : null };
    const data = { ...idsOf(channel), message_id: messageId, user_id: userId, message: next };
    this.#append(pinned ? "message.pinned" : "message.unpinned", channel, data, userId, messageId);
    state.message = next;
    return { ok: true, value: next };
  }

  /** Channel, message and the actor's standing, all of one moment: nothing is awaited after they were read. */
  async #find(ref: string, messageId: string, actor: Actor): Promise<Found | Refused> {
    const { directory, changes, lookup } = this.#parts;
    const known = await changes.resolve(ref);
    if (known === undefined || known.deleted) return refuse("NOT_FOUND", "there is no such channel");
    const userId = "userId" in actor ? actor.userId : null;
    if (userId !== null && !known.members.has(userId)) return refuse("NOT_A_MEMBER", "you are not a member");
    const state = await lookup.find(known.info.id, messageId);
    if (state === undefined) return refuse("NOT_FOUND", "there is no such message");
    const channel = directory.channel(known.info.id);
    if (channel === undefined || channel.deleted) return refuse("NOT_FOUND", "there is no such channel");
    const member = userId === null ? undefined : channel.members.get(userId);
    if (userId !== null && member === undefined) return refuse("NOT_A_MEMBER", "you are not a member");
    const standing = userId === null ? "workspace" : member?.role === "admin" ? "admin" : "member";
    return { ok: true, channel, state, standing, userId };
  }

  #append<Type extends DurableType>(
    type: Type,
    channel: ChannelState,
    data: DurableData<Type>,
    userId: string | null,
    messageId: string,
    besides?: () => void,
  ): void {
    const { journal, fanout, onAppend } = this.#parts;
    const event = journal.transaction(() => {
      besides?.();
      const body = JSON.stringify(data);
      return journal.append({ type, channelId: channel.info.id, body, userId, messageId, clientId: null });
    });
    fanout.enqueue(event);
    onAppend(event);
  }
}

function idsOf(channel: ChannelState) {
  return { channel_id: channel.info.id, channel_external_id: channel.info.external_id };
}

function isSame(one: ChangedMessage, other: ChangedMessage): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function refuse(code: HubError["code"], reason: string): Refused {
  return { ok: false, error: { code, message: `unable to change the message; because ${reason}` } };
}

import { v7 as uuidv7 } from "uuid";
import type { HubError, HubResult, SendCommand } from "../../src/domain/hub-contract.ts";
import { quote } from "../../src/domain/quote.ts";
import { type MessageContent, readContent, type SendRules } from "../../src/domain/send-rules.ts";
import type { ChangedMessage, Mention, Message, QuotedMessage } from "../../src/protocol/message.ts";
import type { MessageBudget } from "./budget.ts";
import type { Changes } from "./changes.ts";
import type { ChannelState, Directory } from "./directory.ts";
import type { Fanout } from "./fanout.ts";
import type { Journal, JournalEvent } from "./journal.ts";
import { readMentions } from "./mentions.ts";
import type { MessageLookup } from "./message-lookup.ts";
import type { HubRuntime } from "./storage.ts";

/** Unarchived events beyond which new messages are refused, rather than piled up in the object's storage. */
const MAX_ARCHIVE_LAG = 200_000;

export interface SenderParts {
  directory: Directory;
  changes: Changes;
  journal: Journal;
  fanout: Fanout;
  budget: MessageBudget;
  lookup: MessageLookup;
  runtime: HubRuntime;
  rules: SendRules;
  onAppend(event: JournalEvent): void;
}

/** A message that is in the journal, as JSON text. */
export interface Sent {
  messageJson: string;
  clientId: string | null;
  replayed: boolean;
}

/** Checks a message in the order that the contract fixes, appends it to the journal, and hands it to the fan-out. */
export class Sender {
  readonly #parts: SenderParts;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /**
   * Everything from the last `await` to the append happens in one turn, so nothing can come between check and append.
   * A send to a known channel without a reply awaits nothing. Throws where Postgres had to be asked and did not answer.
   */
  async send(command: SendCommand): Promise<HubResult<Sent>> {
    const { directory, changes, lookup, journal, rules } = this.#parts;
    const known = directory.channel(command.channel) ?? (await changes.resolve(command.channel));
    if (known === undefined || known.deleted) return refuse("NOT_FOUND", "there is no such channel");

    const userId = this.#sender(command);
    if (userId !== null && !known.members.has(userId)) return refuse("NOT_A_MEMBER", "the sender is not a member");

    const { parent_id: parentId, thread_root_id: rootId } = command.body;
    const parent = parentId ? (await lookup.find(known.info.id, parentId))?.message : undefined;
    const root = rootId ? (await lookup.find(known.info.id, rootId))?.message : undefined;
    // Read again: an await may have let a change in.
    const channel = parentId || rootId ? directory.channel(known.info.id) : known;
    if (channel === undefined || channel.deleted) return refuse("NOT_FOUND", "there is no such channel");
    if (userId !== null && !channel.members.has(userId)) return refuse("NOT_A_MEMBER", "the sender is not a member");

    const key = command.body.idempotency_key;
    if (userId !== null && key !== undefined) {
      const earlier = journal.findSend(userId, channel.info.id, key);
      if (earlier !== undefined) return { ok: true, value: { ...stored(earlier), replayed: true } };
    }
    const content = readContent(command.body, rules, !("userId" in command.sender));
    if ("refusal" in content) return { ok: false, error: content.refusal };
    if (journal.head - journal.archived > MAX_ARCHIVE_LAG) {
      const error: HubError = {
        code: "UPSTREAM_UNAVAILABLE",
        message: "the archive is too far behind",
        retryAfter: 30,
      };
      return { ok: false, error };
    }
    const wait = userId === null ? 0 : this.#parts.budget.take(userId, this.#parts.runtime.now());
    if (wait > 0) {
      const message = "unable to send the message; because the sender's messages per minute are used up";
      return { ok: false, error: { code: "RATE_LIMITED", message, retryAfter: Math.ceil(wait / 1000) } };
    }
    if (parentId && parent === undefined) {
      return refuse("VALIDATION_ERROR", "parent_id is not a message of the channel");
    }
    if (rootId && (root === undefined || root.thread_root_id !== null || root.deleted_at !== null)) {
      return refuse("VALIDATION_ERROR", "thread_root_id is not a message of the channel that can have a thread");
    }
    const mentions = readMentions(directory, channel, command.body.mentions ?? []);
    if (mentions === undefined) return refuse("VALIDATION_ERROR", "mentions must name members of the channel");

    const quoted = parent === undefined ? undefined : quote(parent);
    return { ok: true, value: this.#append(channel, userId, command, content, mentions, quoted) };
  }

  #append(
    channel: ChannelState,
    userId: string | null,
    command: SendCommand,
    content: MessageContent,
    mentions: Mention[],
    quoted: QuotedMessage | undefined,
  ): Sent {
    const { directory, journal, fanout, lookup, runtime } = this.#parts;
    const now = runtime.now();
    const key = command.body.idempotency_key ?? null;
    const message: Message = {
      id: uuidv7({ msecs: now }),
      channel_id: channel.info.id,
      channel_external_id: channel.info.external_id,
      seq: channel.lastSeq + 1,
      user: userId === null ? null : (directory.user(userId) ?? null),
      user_id: userId,
      content: content.content,
      type: content.type,
      attachment_url: content.attachmentUrl,
      attachment: content.attachment,
      created_at: new Date(now).toISOString(),
      edited_at: null,
      deleted_at: null,
      parent_id: quoted?.id ?? null,
      ...(quoted === undefined ? {} : { quoted_message: quoted }),
      mentions,
      reactions: [],
      metadata: command.body.metadata ?? {},
      thread_root_id: command.body.thread_root_id ?? null,
      reply_count: 0,
      last_repliers: [],
      pinned_at: null,
      streaming: false,
    };
    const messageJson = JSON.stringify(message);
    // Three rows: the event, the channel's counter, the idempotency key.
    const event = journal.transaction(() => {
      directory.storeNewest(channel, message.seq, message.id);
      const appended = journal.append({
        type: "message.created",
        channelId: channel.info.id,
        body: `{"message":${messageJson}}`,
        userId,
        messageId: message.id,
        clientId: key,
      });
      if (userId !== null && key !== null) journal.recordSend(userId, channel.info.id, key, appended.seq);
      return appended;
    });
    // Only once the transaction went through.
    channel.lastSeq = message.seq;
    channel.lastMessageId = message.id;
    const member = userId === null ? undefined : channel.members.get(userId);
    // Who writes has read what came before. Postgres derives the same from the message itself.
    if (member !== undefined) member.readSeq = message.seq;
    lookup.remember(changed(message));
    fanout.enqueue(event);
    this.#parts.onAppend(event);
    return { messageJson, clientId: key, replayed: false };
  }

  /** Internal id of the sender; null for a system message; a name that the hub does not know is nobody's. */
  #sender({ sender }: SendCommand): string | null {
    if ("userId" in sender) return sender.userId;
    if ("userRef" in sender) return this.#parts.directory.userId(sender.userRef) ?? "";
    return null;
  }
}

/** The message without what is counted from others. */
function changed(message: Message): ChangedMessage {
  const { reactions: _reactions, reply_count: _count, last_repliers: _repliers, client_id: _key, ...rest } = message;
  return rest;
}

/** A stored event's message without parsing it: its body is `{"message":…}`. */
export function stored(event: JournalEvent): Omit<Sent, "replayed"> {
  return { messageJson: event.body.slice('{"message":'.length, -1), clientId: event.clientId };
}

function refuse(code: HubError["code"], reason: string): { ok: false; error: HubError } {
  return { ok: false, error: { code, message: `unable to send the message; because ${reason}` } };
}

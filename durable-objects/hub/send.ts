import { v7 as uuidv7 } from "uuid";
import type { HubError, HubResult, SendCommand } from "../../src/domain/hub-contract.ts";
import type { Verdict } from "../../src/domain/moderation/judge.ts";
import { quote } from "../../src/domain/quote.ts";
import { type MessageContent, readContent, type SendRules } from "../../src/domain/send-rules.ts";
import type { ChangedMessage, Mention, Message, QuotedMessage } from "../../src/protocol/message.ts";
import type { UserSummary } from "../../src/protocol/user.ts";
import { type BeforeSendHook, type HookAnswer, rejection } from "./before-send.ts";
import type { MessageBudget } from "./budget.ts";
import type { Changes } from "./changes.ts";
import { CommitGroup } from "./commit-group.ts";
import type { CommitWait } from "./commit-wait.ts";
import type { ChannelState, Directory } from "./directory.ts";
import type { Fanout } from "./fanout.ts";
import type { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";
import { readMentions } from "./mentions.ts";
import type { MessageLookup } from "./message-lookup.ts";
import type { Moderator } from "./moderator.ts";
import type { Mutes } from "./mutes.ts";
import type { HubRuntime } from "./storage.ts";
import type { Streams } from "./streams.ts";

/** Unarchived events beyond which new messages are refused, rather than piled up in the object's storage. */
const MAX_ARCHIVE_LAG = 200_000;

export interface SenderParts {
  directory: Directory;
  changes: Changes;
  journal: Journal;
  fanout: Fanout;
  budget: MessageBudget;
  lookup: MessageLookup;
  streams: Streams;
  mutes: Mutes;
  moderator: Moderator;
  hook: BeforeSendHook | undefined;
  commit: CommitWait;
  runtime: HubRuntime;
  rules: SendRules;
  onAppend(event: JournalEvent, created: Message): void;
}

/** A message that has passed the checks. */
interface Checked {
  command: SendCommand;
  channel: ChannelState;
  content: MessageContent;
  mentions: Mention[];
  parent: ChangedMessage | undefined;
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
  readonly #commits: CommitGroup;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#commits = new CommitGroup(parts.commit);
  }

  /**
   * Everything from the last `await` to the append happens in one turn, so nothing can come between check and append.
   * A send to a known channel without a reply awaits nothing but the commit of those before it. Throws where Postgres had to be asked and did not answer.
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
    // Behind everything that asks Postgres, so that nobody who asks is overtaken.
    const turn = this.#commits.enter();
    if (turn !== undefined) await turn;
    // Read again: an await may have let a change in.
    const channel = directory.channel(known.info.id);
    if (channel === undefined || channel.deleted) return refuse("NOT_FOUND", "there is no such channel");
    const settled = userId === null ? undefined : this.#settled(channel, userId, command.body.idempotency_key);
    if (settled !== undefined) return settled;
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
    const isStream = command.body.streaming === true;
    const tooMany = isStream ? this.#parts.streams.refusal("userId" in command.sender ? userId : null) : undefined;
    if (tooMany !== undefined) return { ok: false, error: tooMany };
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

    const checked: Checked = { command, channel, content, mentions, parent };
    const { hook } = this.#parts;
    const queue = `${channel.info.id} ${userId}`;
    if (userId === null || hook === undefined || !hook.concerns(queue)) return this.#store(checked, userId);
    return hook.inTurn(queue, draftOf(checked, directory.user(userId)), (answer) =>
      this.#answered(checked, userId, answer),
    );
  }

  /** Goes on with a message that the hook has seen. It may have taken seconds, so what could have changed is checked again. */
  #answered(checked: Checked, userId: string, answer: HookAnswer): HubResult<Sent> {
    const { directory, lookup, rules } = this.#parts;
    const { command } = checked;
    const channel = directory.channel(checked.channel.info.id);
    if (channel === undefined || channel.deleted) return refuse("NOT_FOUND", "there is no such channel");
    const settled = this.#settled(channel, userId, command.body.idempotency_key);
    if (settled !== undefined) return settled;
    if (answer.action === "reject") return { ok: false, error: rejection(answer.reason) };
    if (answer.action === "failed" && answer.onFailure === "reject") {
      return { ok: false, error: rejection("the workspace's server could not be asked") };
    }
    const { thread_root_id: rootId, streaming } = command.body;
    const tooMany = streaming ? this.#parts.streams.refusal("userId" in command.sender ? userId : null) : undefined;
    if (tooMany !== undefined) return { ok: false, error: tooMany };
    if (rootId && lookup.recent(rootId)?.message.deleted_at) {
      return refuse("VALIDATION_ERROR", "thread_root_id is not a message of the channel that can have a thread");
    }
    const mentions = checked.mentions.filter((mention) => channel.members.has(mention.user_id));
    const parent = checked.parent && (lookup.recent(checked.parent.id)?.message ?? checked.parent);
    if (answer.action !== "rewrite") return this.#store({ ...checked, channel, mentions, parent }, userId);
    const { text: _text, ...body } = command.body;
    const content = readContent({ ...body, content: answer.content }, rules, !("userId" in command.sender));
    if ("refusal" in content) {
      return { ok: false, error: rejection("the workspace's server made it too long or empty") };
    }
    return this.#store({ ...checked, channel, mentions, parent, content }, userId);
  }

  /** Why nothing is stored, whatever the message says: the sender may not write, or has written it already. */
  #settled(channel: ChannelState, userId: string, key: string | undefined): HubResult<Sent> | undefined {
    const { journal, mutes } = this.#parts;
    if (!channel.members.has(userId)) return refuse("NOT_A_MEMBER", "the sender is not a member");
    const earlier = key === undefined ? undefined : journal.sendKeys.find(userId, channel.info.id, key);
    if (earlier !== undefined) return { ok: true, value: { ...this.#asNow(stored(earlier)), replayed: true } };
    // Behind the repeat: what was acknowledged before a mute stays acknowledged.
    return mutes.refusal(channel.info.id, userId);
  }

  /** Applies the workspace's rules, last, so that a message which is refused for another reason is no flood; then appends. */
  #store({ command, channel, content, mentions, parent }: Checked, userId: string | null): HubResult<Sent> {
    const quoted = parent === undefined ? undefined : quote(parent);
    const review = userId === null ? undefined : this.#parts.moderator.reviewMessage(channel, userId, content.content);
    if (review?.ok === false) return review;
    const verdict = review?.verdict;
    const reviewed = verdict === undefined ? content : { ...content, content: verdict.content };
    return { ok: true, value: this.#append(channel, userId, command, reviewed, mentions, quoted, verdict) };
  }

  #append(
    channel: ChannelState,
    userId: string | null,
    command: SendCommand,
    content: MessageContent,
    mentions: Mention[],
    quoted: QuotedMessage | undefined,
    verdict: Verdict | undefined,
  ): Sent {
    const { directory, journal, fanout, lookup, streams, moderator, runtime } = this.#parts;
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
      streaming: command.body.streaming === true,
    };
    const messageJson = JSON.stringify(message);
    const sent = {
      channelId: channel.info.id,
      body: `{"message":${messageJson}}`,
      userId,
      messageId: message.id,
      clientId: key,
    };
    const event = message.streaming
      ? journal.transaction(() => {
          const appended = journal.appendMessage(sent, message.seq);
          streams.record(message, appended.seq);
          return appended;
        })
      : journal.appendMessage(sent, message.seq);
    if (message.streaming) streams.opened(message, event.seq);
    // Only once the transaction went through.
    channel.lastSeq = message.seq;
    channel.lastMessageId = message.id;
    const member = userId === null ? undefined : channel.members.get(userId);
    // Who writes has read what came before. Postgres derives the same from the message itself.
    if (member !== undefined) member.readSeq = message.seq;
    lookup.remember(message, event.seq);
    fanout.enqueue(event);
    this.#parts.onAppend(event, message);
    if (userId !== null && verdict !== undefined) moderator.note(channel, userId, message.id, verdict);
    return { messageJson, clientId: key, replayed: false };
  }

  /** A repeat of the opening of a stream answers with what has been written since, so that its author can go on. */
  #asNow(sent: Omit<Sent, "replayed">): Omit<Sent, "replayed"> {
    if (!sent.messageJson.includes('"streaming":true')) return sent;
    const message = JSON.parse(sent.messageJson) as Message;
    return message.streaming
      ? { ...sent, messageJson: JSON.stringify(this.#parts.streams.present(message, true)) }
      : sent;
  }

  /** Internal id of the sender; null for a system message; a name that the hub does not know is nobody's. */
  #sender({ sender }: SendCommand): string | null {
    if ("userId" in sender) return sender.userId;
    if ("userRef" in sender) return this.#parts.directory.userId(sender.userRef) ?? "";
    return null;
  }
}

/** What a before-send hook sees of a message; what does not apply is absent. */
function draftOf({ command, channel, content, mentions, parent }: Checked, user: UserSummary | undefined) {
  const { metadata, thread_root_id: rootId } = command.body;
  return {
    channel_id: channel.info.id,
    channel_external_id: channel.info.external_id,
    user: user === undefined ? null : { id: user.id, external_id: user.external_id, name: user.name },
    content: content.content,
    type: content.type,
    attachment_url: content.attachmentUrl,
    ...(parent === undefined ? {} : { parent_id: parent.id }),
    ...(rootId ? { thread_root_id: rootId } : {}),
    ...(mentions.length === 0 ? {} : { mentions }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** A stored event's message without parsing it: its body is `{"message":…}`. */
export function stored(event: JournalEvent): Omit<Sent, "replayed"> {
  return { messageJson: event.body.slice('{"message":'.length, -1), clientId: event.clientId };
}

function refuse(code: HubError["code"], reason: string): { ok: false; error: HubError } {
  return { ok: false, error: { code, message: `unable to send the message; because ${reason}` } };
}

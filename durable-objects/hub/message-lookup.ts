import type { Archive } from "../../src/domain/hub-ports.ts";
import { quote } from "../../src/domain/quote.ts";
import type { ChangedMessage, Message } from "../../src/protocol/message.ts";
import type { UserSummary } from "../../src/protocol/user.ts";
import type { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";

/** Messages kept by id; what is changed, answered or reacted to is nearly always recent. */
const REMEMBERED = 2_000;

/** Reads of one message, each overtaken by a change of it. */
const MAX_READS = 5;

/** A message as it is now, with who reacted how. Shared by all who change it. */
export interface MessageState {
  message: ChangedMessage;
  /** User id → emoji. */
  reactions: Map<string, string>;
}

/**
 * The present state of messages by id: in memory, else in Postgres. Postgres is asked once it has everything of the channel that there
 * was, and again where the message was changed since, so that a change which is not archived yet cannot be missed.
 */
export class MessageLookup {
  readonly #archive: Archive;
  readonly #journal: Journal;
  readonly #settle: (channelId: string) => Promise<boolean>;
  readonly #liveText: (messageId: string) => string | undefined;
  /** A new message that nobody has asked for is the journal seq of its event: most never are, and a seq outlives no collection. */
  readonly #recent = new Map<string, MessageState | number>();

  /** `liveText` is the text so far of a message that is being streamed, which Postgres does not have. */
  constructor(parts: {
    archive: Archive;
    journal: Journal;
    settle(channelId: string): Promise<boolean>;
    liveText(messageId: string): string | undefined;
  }) {
    this.#liveText = parts.liveText;
    this.#archive = parts.archive;
    this.#journal = parts.journal;
    this.#settle = parts.settle;
  }

  /** Takes up a new message, which nobody has reacted to. `seq` is its event's in the journal. */
  remember(message: Message, seq: number): void {
    // What quotes another message must follow changes of that one.
    const isPlain = message.quoted_message === undefined;
    this.#keep(message.id, isPlain ? seq : { message: changed(message), reactions: new Map() });
  }

  /** The message as this process knows it, without asking Postgres. */
  recent(messageId: string): MessageState | undefined {
    const known = this.#recent.get(messageId);
    return typeof known === "number" ? this.#read(messageId, known) : known;
  }

  /** Undefined where the channel has no such message. Throws where only Postgres could tell and it does not answer. */
  async find(channelId: string, messageId: string): Promise<MessageState | undefined> {
    const journal = this.#journal;
    for (let reads = 0; reads < MAX_READS; reads++) {
      const recent = this.recent(messageId);
      if (recent !== undefined) return recent.message.channel_id === channelId ? recent : undefined;
      if (!(await this.#settle(channelId))) throw new Error("the archive does not answer");
      const through = journal.archived;
      const stored = await this.#archive.findMessage(channelId, messageId);
      // Whoever was here meanwhile may have changed it.
      const meanwhile = this.recent(messageId);
      if (meanwhile !== undefined || stored === undefined) return meanwhile;
      if (journal.messages.isChangedAfter(messageId, through)) continue;
      const liveText = this.#liveText(messageId);
      // Its stream ended while Postgres was being asked.
      if (stored.message.streaming && liveText === undefined && reads === 0) continue;
      const message = { ...stored.message, content: liveText ?? stored.message.content };
      const state = { message, reactions: new Map(Object.entries(stored.reactions)) };
      this.#keep(messageId, state);
      return state;
    }
    throw new Error("the message does not stay the same for long enough to be read");
  }

  /** Forgets messages that were created before a time (RFC 3339), and those that nobody has asked for: Postgres tells which are left. */
  forgetBefore(time: string): void {
    for (const [id, known] of this.#recent) {
      if (typeof known === "number" || known.message.created_at < time) this.#recent.delete(id);
    }
  }

  /** A message changed: replies in memory quote it as it is now. */
  requote(message: ChangedMessage): void {
    for (const state of this.#recent.values()) {
      if (typeof state === "number") continue;
      if (state.message.parent_id !== message.id || state.message.quoted_message === undefined) continue;
      state.message = { ...state.message, quoted_message: quote(message) };
    }
  }

  /** A user is called otherwise, or is gone: messages in memory, and quotes in them, tell the user as it is now. */
  renamed(user: UserSummary): void {
    this.#readAll();
    for (const state of this.#recent.values()) {
      if (typeof state === "number") continue;
      const { message } = state;
      const quoted = message.quoted_message;
      if (message.user_id === user.id) state.message = { ...message, user };
      if (quoted?.user_id === user.id) {
        state.message = { ...state.message, quoted_message: { ...quoted, user_name: user.name } };
      }
    }
  }

  #read(messageId: string, seq: number): MessageState | undefined {
    const event = this.#journal.at(seq);
    // Without one it was trimmed, so Postgres has the message.
    return event && this.#takeUp(messageId, event);
  }

  /** Reads all that nobody has asked for: once, however many changes of users follow one another. */
  #readAll(): void {
    const seqs = [...this.#recent.values()].filter((known) => typeof known === "number");
    for (const event of this.#journal.readAt(seqs)) {
      if (event.messageId !== null) this.#takeUp(event.messageId, event);
    }
  }

  #takeUp(messageId: string, created: JournalEvent): MessageState {
    const { message } = JSON.parse(created.body) as { message: Message };
    const state = { message: changed(message), reactions: new Map<string, string>() };
    this.#recent.set(messageId, state);
    return state;
  }

  #keep(messageId: string, known: MessageState | number): void {
    this.#recent.set(messageId, known);
    if (this.#recent.size <= REMEMBERED) return;
    for (const oldest of this.#recent.keys()) {
      this.#recent.delete(oldest);
      break;
    }
  }
}

/** The message without what is counted from others. */
function changed(message: Message): ChangedMessage {
  const { reactions: _reactions, reply_count: _count, last_repliers: _repliers, client_id: _key, ...rest } = message;
  return rest;
}

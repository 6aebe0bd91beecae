import type { HubResult } from "../../src/domain/hub-contract.ts";
import type { ChangedMessage, Message } from "../../src/protocol/message.ts";
import { STREAM_END_KEY, type StreamEnd } from "../../src/protocol/stream.ts";
import type { Directory } from "./directory.ts";
import type { Fanout } from "./fanout.ts";
import type { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";
import type { LiveStream } from "./live-stream.ts";
import type { MessageLookup } from "./message-lookup.ts";
import type { Moderator } from "./moderator.ts";

export interface StreamEndingParts {
  directory: Directory;
  journal: Journal;
  fanout: Fanout;
  lookup: MessageLookup;
  moderator: Moderator;
  onAppend(event: JournalEvent): void;
}

/** What is to become of a stream: its last text, why it ends if not by a finish, and who ends it. */
export interface Ending {
  text: string;
  mark: StreamEnd | undefined;
  userId: string | null;
}

/** Turns a stream into a message like any other: one event of the journal, judged as a new message is. */
export class StreamEnding {
  readonly #parts: StreamEndingParts;

  constructor(parts: StreamEndingParts) {
    this.#parts = parts;
  }

  /**
   * Ends a stream for good, and says so in the journal. A text that the workspace's rules refuse is not kept: the message
   * ends empty, and the answer is the refusal.
   *
   * @param remove takes the stream out of storage, within the same transaction
   */
  end(stream: LiveStream, { text, mark, userId }: Ending, remove: () => void): HubResult<ChangedMessage> {
    const { directory, journal, fanout, lookup, moderator, onAppend } = this.#parts;
    const message = this.messageOf(stream);
    if (message === undefined || message.deleted_at !== null) {
      remove();
      return { ok: false, error: { code: "NOT_FOUND", message: "the message was unsent" } };
    }
    const channel = directory.channel(stream.channelId);
    const author = channel === undefined ? null : stream.userId;
    const review = channel === undefined || author === null ? undefined : moderator.reviewChange(channel, author, text);
    const content = review === undefined ? text : review.ok ? review.verdict.content : "";
    const end = review?.ok === false ? "rejected" : mark;
    const metadata = end === undefined ? message.metadata : { ...message.metadata, [STREAM_END_KEY]: end };
    const next: ChangedMessage = { ...message, content, metadata, streaming: false };
    const event = journal.transaction(() => {
      remove();
      return journal.append({
        type: "message.updated",
        channelId: stream.channelId,
        body: JSON.stringify({ message: next }),
        userId,
        messageId: stream.messageId,
        clientId: null,
      });
    });
    const state = lookup.recent(stream.messageId);
    if (state !== undefined) state.message = next;
    lookup.requote(next);
    fanout.enqueue(event);
    onAppend(event);
    if (review?.ok === false) return review;
    if (channel !== undefined && author !== null && review !== undefined) {
      moderator.note(channel, author, next.id, review.verdict);
    }
    return { ok: true, value: next };
  }

  /** The stream's message but for its text. From the journal where this process does not remember it: Postgres may be away. */
  messageOf(stream: LiveStream): ChangedMessage | undefined {
    const newest = this.newest(stream.messageId);
    if (newest !== undefined) return newest;
    const created = this.#parts.journal.at(stream.seq);
    if (created === undefined) return undefined;
    const { message } = JSON.parse(created.body) as { message: Message };
    const { reactions: _reactions, reply_count: _count, last_repliers: _repliers, ...changed } = message;
    return changed;
  }

  newest(messageId: string): ChangedMessage | undefined {
    return this.#parts.lookup.recent(messageId)?.message ?? this.#parts.journal.messages.newestState(messageId);
  }
}

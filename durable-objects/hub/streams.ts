import type { HubError, HubResult } from "../../src/domain/hub-contract.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { ChangedMessage, Message } from "../../src/protocol/message.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { JournalConsumer } from "./consumer.ts";
import type { ChannelState } from "./directory.ts";
import { encodeFrame } from "./encode.ts";
import type { JournalEvent } from "./journal-rows.ts";
import { LiveStream } from "./live-stream.ts";
import type { HubRuntime, HubSql } from "./storage.ts";
import { type Ending, StreamEnding, type StreamEndingParts } from "./stream-ending.ts";
import { StreamPulse } from "./stream-pulse.ts";
import { type StreamRow, StreamStore } from "./stream-store.ts";

/** Streams that a hub keeps open at once, whoever writes them. */
const MAX_OPEN = 1_000;

export interface StreamsParts extends StreamEndingParts {
  sql: HubSql;
  connections: Connections;
  runtime: HubRuntime;
  /** Asks for the hub's alarm to be set anew. */
  onSchedule(): void;
}

/**
 * Messages that are still being written. Their beginning and their end are events of the journal; the text between is a
 * signal to members (`message.delta`) and one row of storage, which an acknowledged piece has reached.
 */
export class Streams implements JournalConsumer {
  readonly name = "streams";
  readonly #parts: StreamsParts;
  readonly #store: StreamStore;
  readonly #open = new Map<string, LiveStream>();
  readonly #pulse: StreamPulse;
  readonly #ending: StreamEnding;

  constructor(parts: StreamsParts) {
    this.#parts = parts;
    this.#store = new StreamStore(parts.sql);
    this.#ending = new StreamEnding(parts);
    for (const row of this.#store.all()) this.#take(row);
    this.#pulse = new StreamPulse({
      runtime: parts.runtime,
      audience: ({ channelId }) =>
        Math.min(parts.directory.channel(channelId)?.members.size ?? 0, parts.connections.size),
      show: (stream) => this.#show(stream),
      store: (streams) => this.#store.update(streams),
    });
  }

  /** The open stream under a message of a channel. */
  find(channelId: string, messageId: string): LiveStream | undefined {
    const stream = this.#open.get(messageId);
    return stream?.channelId === channelId ? stream : undefined;
  }

  /** The text of an open stream as far as members have it. */
  shownText(messageId: string): string | undefined {
    const stream = this.#open.get(messageId);
    return stream?.text.slice(0, stream.shown);
  }

  /** Why one more stream may not be opened, if so. `userId` where an end user opens it. */
  refusal(userId: string | null): HubError | undefined {
    const isFull = this.#open.size >= MAX_OPEN;
    const own = userId === null || isFull ? 0 : [...this.#open.values()].filter((one) => one.userId === userId).length;
    if (!isFull && own < LIMITS.streamsPerUser) return undefined;
    const message = "unable to open a stream; because too many are open: finish one first";
    return { code: "RATE_LIMITED", message, retryAfter: 5 };
  }

  /** Stores a new stream. Call inside the transaction that appends its message. */
  record(message: Message, seq: number): void {
    this.#store.insert(this.#rowOf(message, seq));
  }

  /** Takes up a stream whose transaction went through. */
  opened(message: Message, seq: number): void {
    // All members get the beginning, with the message itself.
    this.#take(this.#rowOf(message, seq)).shown = message.content.length;
    this.#parts.onSchedule();
  }

  /** The stream has taken a piece in: it is shown and stored when it is time. */
  grew(stream: LiveStream): void {
    this.#pulse.grew(stream);
  }

  /** Brings a connection that goes live up to the present text of every stream that it may see. */
  catchUp(connection: Connection): void {
    for (const stream of this.#open.values()) {
      const channel = this.#parts.directory.channel(stream.channelId);
      if (stream.shown === 0 || !channel?.members.has(connection.userId)) continue;
      connection.send(encodeDelta(channel, stream.messageId, 0, stream.text.slice(0, stream.shown)));
    }
  }

  /** A message whose creation said that it is streaming, as it is by now: for its author with all of its text so far. */
  present(message: Message, forAuthor: boolean): Message {
    const stream = this.#open.get(message.id);
    if (stream === undefined) return { ...message, ...this.#ending.newest(message.id) };
    const content = forAuthor ? stream.text : stream.text.slice(0, stream.shown);
    return { ...message, ...this.messageOf(stream), content };
  }

  appended(event: JournalEvent): void {
    if (this.#open.size === 0) return;
    if (event.type === "message.deleted") {
      const stream = this.#open.get(event.messageId ?? "");
      if (stream !== undefined) this.#forget(stream);
    } else if (event.type === "member.left" || event.type === "member.joined" || event.type === "channel.deleted") {
      // The change that appended this may have more events to hand on: what follows from it comes behind them.
      if (this.#in(event.channelId).length > 0) this.#parts.runtime.defer(0, () => this.#follow(event));
    }
  }

  nextAttempt(): number | undefined {
    let earliest: number | undefined;
    for (const { deadline } of this.#open.values()) earliest = Math.min(earliest ?? deadline, deadline);
    return earliest;
  }

  /** Ends what was abandoned. */
  async run(): Promise<void> {
    const now = this.#parts.runtime.now();
    for (const stream of [...this.#open.values()]) {
      if (stream.deadline > now) continue;
      try {
        this.end(stream, { text: stream.text, mark: "abandoned", userId: null });
      } catch (error) {
        // The next alarm tries again.
        this.#parts.runtime.log("error", "stream.end_failed", { error: String(error) });
      }
    }
  }

  doneThrough(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#open.values()].map((stream) => stream.seq - 1));
  }

  #follow(event: JournalEvent): void {
    const channel = this.#parts.directory.channel(event.channelId);
    this.#parts.fanout.flush();
    if (event.type === "member.joined") {
      const { members } = JSON.parse(event.body) as { members: { user: { id: string } }[] };
      for (const { user } of members) {
        for (const connection of this.#parts.connections.of(user.id)) if (!connection.held) this.catchUp(connection);
      }
      return;
    }
    for (const stream of this.#in(event.channelId)) {
      const hasAuthor = stream.userId === null || channel?.members.has(stream.userId);
      if (hasAuthor && channel?.deleted === false) continue;
      this.end(stream, { text: stream.text, mark: "author_left", userId: null });
    }
  }

  #show(stream: LiveStream): void {
    const { directory, fanout, lookup } = this.#parts;
    const from = stream.shown;
    const channel = directory.channel(stream.channelId);
    stream.shown = Math.max(from, this.#showable(stream));
    if (channel === undefined || stream.shown === from) return;
    // Whatever tells of the message from here on tells of as much text as members have.
    const state = lookup.recent(stream.messageId);
    if (state !== undefined) state.message = { ...state.message, content: stream.text.slice(0, stream.shown) };
    fanout.follow(
      stream.channelId,
      encodeDelta(channel, stream.messageId, from, stream.text.slice(from, stream.shown)),
    );
  }

  /** How much of the text the workspace's rules let members see before they have judged the whole. */
  #showable({ userId, text }: LiveStream): number {
    return userId === null ? text.length : this.#parts.moderator.showable(text);
  }

  /** Ends a stream for good; see `stream-ending.ts`. */
  end(stream: LiveStream, ending: Ending): HubResult<ChangedMessage> {
    const ended = this.#ending.end(stream, ending, () => this.#store.delete(stream.messageId));
    this.#close(stream);
    return ended;
  }

  /** The stream's message but for its text. */
  messageOf(stream: LiveStream): ChangedMessage | undefined {
    return this.#ending.messageOf(stream);
  }

  #forget(stream: LiveStream): void {
    this.#store.delete(stream.messageId);
    this.#close(stream);
  }

  #close(stream: LiveStream): void {
    this.#open.delete(stream.messageId);
    this.#pulse.drop(stream);
    stream.settle();
  }

  #in(channelId: string): LiveStream[] {
    return [...this.#open.values()].filter((stream) => stream.channelId === channelId);
  }

  #take(row: StreamRow): LiveStream {
    const stream = new LiveStream(row, this.#parts.runtime.now());
    // What an earlier life of this object has shown.
    stream.shown = this.#showable(stream);
    this.#open.set(row.message_id, stream);
    return stream;
  }

  #rowOf(message: Message, seq: number): StreamRow {
    const now = this.#parts.runtime.now();
    return {
      message_id: message.id,
      channel_id: message.channel_id,
      user_id: message.user_id,
      seq,
      opened_at: now,
      touched_at: now,
      content: message.content,
    };
  }
}

function encodeDelta(channel: ChannelState, messageId: string, offset: number, delta: string): string {
  const ids = { channel_id: channel.info.id, channel_external_id: channel.info.external_id };
  return encodeFrame({ type: "message.delta", data: { ...ids, message_id: messageId, offset, delta } });
}

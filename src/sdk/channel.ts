import type { FrameUp } from "../protocol/frames-up.ts";
import type { ChangedMessage, EditMessageBody, History, Message, SendMessageBody } from "../protocol/message.ts";
import type { SearchPage } from "../protocol/search.ts";
import type { Unsubscribe } from "./emitter.ts";
import { newId } from "./ids.ts";
import type { LiveText } from "./live-texts.ts";
import { MessageStream } from "./message-stream.ts";
import type { RequestFrame } from "./requests.ts";
import type { HistoryQuery, MemberList, PageQuery, Rest } from "./rest.ts";
import type { TypingChange } from "./typing.ts";
import type { DataOf } from "./wire.ts";

/** A message to send. `idempotency_key` is made where it is missing; give it to repeat an earlier send safely. */
export type OutgoingMessage = Omit<SendMessageBody, "user_id">;

/** What an edit makes of a message. */
export type EditedMessage = Omit<EditMessageBody, "text"> & { content: string };

type FrameEvents = {
  [Type in
    | `message.${"created" | "updated" | "deleted" | "pinned" | "unpinned" | "mentioned" | "read" | "delivered"}`
    | `message.reaction.${"added" | "removed"}`]: DataOf<Type>;
};

/** Events of one channel. Those named as in the contract carry that frame's data. */
export interface ChannelEvents extends FrameEvents {
  /** Each message once, in order; the user's own too. */
  message: Message;
  typing: TypingChange;
  /** A message that is being written has grown. */
  text: LiveText;
}

/** What a channel needs of its client. */
export interface ChannelHost {
  rest: Rest;
  send(channelId: string, message: OutgoingMessage): Promise<Message>;
  request(frame: RequestFrame, action: string): Promise<unknown>;
  history(channelId: string, query?: HistoryQuery): Promise<History>;
  receipt(kind: "read" | "delivered", channelId: string, messageId?: string): Promise<void>;
  /** The message with its text so far, where it is being written. */
  live(message: Message): Message;
  typing(channelId: string, active: boolean): void;
  on<Type extends keyof ChannelEvents>(type: Type, listener: (data: ChannelEvents[Type]) => void): Unsubscribe;
}

type ChangeFrame = Extract<FrameUp, { data: { channel_id: string; message_id: string } }>;

/** One channel as seen by the user, named by its internal or external id. */
export class Channel {
  readonly id: string;
  readonly #host: ChannelHost;

  constructor(id: string, host: ChannelHost) {
    this.id = id;
    this.#host = host;
  }

  /**
   * Sends a message. Resolves when the server has stored it; survives reconnects, and is stored once.
   * @throws {KabarError} where the server refuses (RATE_LIMITED carries `retryAfter` in seconds), or on `close()`
   */
  send(message: OutgoingMessage): Promise<Message> {
    return this.#host.send(this.id, message);
  }

  /** Opens a message that is written piece by piece. @throws as `send` */
  async stream(message: OutgoingMessage = {}): Promise<MessageStream> {
    const opened = await this.send({ ...message, streaming: true });
    return new MessageStream(opened, (frame, action) => this.#host.request({ ...frame, id: newId() }, action));
  }

  /** A message with its text so far, where it is being written; see the `text` event. */
  live(message: Message): Message {
    return this.#host.live(message);
  }

  /** Sends a message that quotes another one. @throws as `send` */
  reply(parentId: string, message: OutgoingMessage): Promise<Message> {
    return this.send({ ...message, parent_id: parentId });
  }

  /** Changes the text of an own message. As all changes here it survives reconnects. @throws {KabarError} */
  async edit(messageId: string, change: EditedMessage): Promise<undefined> {
    await this.#change({ type: "message.edit", data: { ...this.#ids(messageId), ...change } }, "edit the message");
  }

  /** Blanks a message for all; a tombstone stays. @throws {KabarError} */
  async unsend(messageId: string): Promise<undefined> {
    await this.#change({ type: "message.delete", data: this.#ids(messageId) }, "unsend the message");
  }

  /** Sets the user's one reaction to a message. @throws {KabarError} */
  async react(messageId: string, emoji: string): Promise<void> {
    await this.#change({ type: "reaction.add", data: { ...this.#ids(messageId), emoji } }, "react to the message");
  }

  /** Takes the user's reaction away, where it is this one. @throws {KabarError} */
  async unreact(messageId: string, emoji: string): Promise<void> {
    await this.#change({ type: "reaction.remove", data: { ...this.#ids(messageId), emoji } }, "take it away");
  }

  /** Pins a message for all: in a group its admins may. @throws {KabarError} */
  pin(messageId: string): Promise<ChangedMessage> {
    return this.#host.rest.pin(this.id, messageId, true);
  }

  unpin(messageId: string): Promise<ChangedMessage> {
    return this.#host.rest.pin(this.id, messageId, false);
  }

  /** One page of pinned messages, last pinned first. */
  pins(query?: PageQuery): Promise<History> {
    return this.#host.rest.pins(this.id, query);
  }

  /** Finds messages by their words, best first. */
  search(words: string, query?: PageQuery): Promise<SearchPage> {
    return this.#host.rest.search(this.id, words, query);
  }

  message(messageId: string): Promise<Message> {
    return this.#host.rest.message(this.id, messageId);
  }

  /** One page of the replies under a message, newest first. */
  thread(rootId: string, query?: HistoryQuery): Promise<History> {
    return this.#host.rest.thread(this.id, rootId, query);
  }

  /** One page of messages, newest first; `before` takes an earlier page's `next_cursor`. */
  history(query?: HistoryQuery): Promise<History> {
    return this.#host.history(this.id, query);
  }

  members(query?: PageQuery): Promise<MemberList> {
    return this.#host.rest.members(this.id, query);
  }

  /** Marks the channel read up to a message; without one, up to the newest. */
  markRead(messageId?: string): Promise<void> {
    return this.#host.receipt("read", this.id, messageId);
  }

  /** Tells that the user's device has the messages up to one; without one, up to the newest. */
  markDelivered(messageId?: string): Promise<void> {
    return this.#host.receipt("delivered", this.id, messageId);
  }

  /** Call at each key press: the signal goes out at most once per three seconds. */
  startTyping(): void {
    this.#host.typing(this.id, true);
  }

  stopTyping(): void {
    this.#host.typing(this.id, false);
  }

  /** Subscribes to this channel's part of the client's events. */
  on<Type extends keyof ChannelEvents>(type: Type, listener: (data: ChannelEvents[Type]) => void): Unsubscribe {
    return this.#host.on(type, (data) => {
      const { channel_id, channel_external_id } = "channel_id" in data ? data : data.message;
      if (channel_id === this.id || channel_external_id === this.id) listener(data);
    });
  }

  #ids(messageId: string) {
    return { channel_id: this.id, message_id: messageId };
  }

  #change(frame: ChangeFrame, action: string): Promise<unknown> {
    return this.#host.request({ ...frame, id: newId() }, action);
  }
}

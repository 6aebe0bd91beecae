import type { History, Message, SendMessageBody } from "../protocol/message.ts";
import type { Unsubscribe } from "./emitter.ts";
import type { HistoryQuery, MemberList, PageQuery } from "./rest.ts";
import type { TypingChange } from "./typing.ts";
import type { DataOf } from "./wire.ts";

/** A message to send. `idempotency_key` is made where it is missing; give it to repeat an earlier send safely. */
export type OutgoingMessage = Omit<SendMessageBody, "user_id">;

/** Events of one channel. */
export interface ChannelEvents {
  message: Message;
  typing: TypingChange;
  "message.read": DataOf<"message.read">;
}

/** What a channel needs of its client. */
export interface ChannelHost {
  send(channelId: string, message: OutgoingMessage): Promise<Message>;
  history(channelId: string, query?: HistoryQuery): Promise<History>;
  members(channelId: string, query?: PageQuery): Promise<MemberList>;
  markRead(channelId: string, messageId?: string): Promise<void>;
  typing(channelId: string, active: boolean): void;
  on<Type extends keyof ChannelEvents>(type: Type, listener: (data: ChannelEvents[Type]) => void): Unsubscribe;
}

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

  /** One page of messages, newest first; `before` takes an earlier page's `next_cursor`. */
  history(query?: HistoryQuery): Promise<History> {
    return this.#host.history(this.id, query);
  }

  members(query?: PageQuery): Promise<MemberList> {
    return this.#host.members(this.id, query);
  }

  /** Marks the channel read up to a message; without one, up to the newest. */
  markRead(messageId?: string): Promise<void> {
    return this.#host.markRead(this.id, messageId);
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
      if (data.channel_id === this.id || data.channel_external_id === this.id) listener(data);
    });
  }
}

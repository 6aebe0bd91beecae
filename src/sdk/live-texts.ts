import type { FrameDown } from "../protocol/frames-down.ts";
import type { Message } from "../protocol/message.ts";
import type { DataOf } from "./wire.ts";

/** A message that is being written, with its text so far. `message.updated` brings the whole at the end. */
export interface LiveText {
  channel_id: string;
  channel_external_id: string | null;
  message_id: string;
  content: string;
}

/**
 * Puts the pieces of streamed messages together. The server begins with the text so far after each connect, so a piece
 * that leaves a hole is a rare thing; then the message is read.
 */
export class LiveTexts {
  readonly #texts = new Map<string, string>();
  readonly #read: (channelId: string, messageId: string) => Promise<Message>;
  readonly #grown: (text: LiveText) => void;

  constructor(read: (channelId: string, messageId: string) => Promise<Message>, grown: (text: LiveText) => void) {
    this.#read = read;
    this.#grown = grown;
  }

  take(frame: FrameDown): void {
    switch (frame.type) {
      case "message.created":
        if (frame.data.message.streaming) this.#texts.set(frame.data.message.id, frame.data.message.content);
        return;
      case "message.updated":
      case "message.deleted":
        if (!frame.data.message.streaming) this.#texts.delete(frame.data.message.id);
        return;
      case "message.delta":
        this.#piece(frame.data);
    }
  }

  /** A message of a page, which may be of a moment before the last piece. */
  over(message: Message): Message {
    const text = this.#texts.get(message.id) ?? "";
    return message.streaming && text.length > message.content.length ? { ...message, content: text } : message;
  }

  #piece(data: DataOf<"message.delta">): void {
    const { message_id: id, channel_id, offset, delta } = data;
    const text = this.#texts.get(id) ?? "";
    if (offset <= text.length) this.#set(data, text.slice(0, offset) + delta);
    else {
      this.#read(channel_id, id).then(
        (message) => {
          const isNewer = message.content.length > (this.#texts.get(id)?.length ?? 0);
          if (message.streaming && isNewer) this.#set(data, message.content);
        },
        // The end brings the whole text.
        () => undefined,
      );
    }
  }

  #set({ channel_id, channel_external_id, message_id }: DataOf<"message.delta">, content: string): void {
    this.#texts.set(message_id, content);
    this.#grown({ channel_id, channel_external_id, message_id, content });
  }
}

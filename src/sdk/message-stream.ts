import type { FrameUp } from "../protocol/frames-up.ts";
import type { Message } from "../protocol/message.ts";

type StreamFrame = Extract<FrameUp, { type: `message.stream.${string}` }>;
type Ask = (frame: StreamFrame, action: string) => Promise<unknown>;

const ACTION = "write the message";

/** Writes one message piece by piece, while others read it. One request at a time: what comes meanwhile goes with the next. */
export class MessageStream {
  /** As it was opened. */
  readonly message: Message;
  readonly #ask: Ask;
  readonly #ids: { channel_id: string; message_id: string };
  #offset: number;
  #buffer = "";
  #running: Promise<void> | undefined;

  constructor(message: Message, ask: Ask) {
    this.message = message;
    this.#ask = ask;
    this.#ids = { channel_id: message.channel_id, message_id: message.id };
    this.#offset = message.content.length;
  }

  /**
   * Adds to the text. Resolves when the server has stored it; need not be awaited, since `finish` fails with it.
   * @throws {KabarError} where the server refuses: MESSAGE_TOO_LARGE, or CONFLICT where the stream has ended
   */
  append(text: string): Promise<void> {
    this.#buffer += text;
    this.#running ??= this.#pump();
    // Whoever does not wait is told by `finish`.
    this.#running.catch(() => undefined);
    return this.#running;
  }

  /** Ends the stream with what was added, or with a text in its place. @throws {KabarError} as `append` */
  async finish(content?: string): Promise<void> {
    if (content === undefined) await this.#running;
    const data = content === undefined ? this.#ids : { ...this.#ids, content };
    await this.#ask({ type: "message.stream.finish", data }, ACTION);
  }

  /** Ends the stream as broken off; what was added so far stays. @throws {KabarError} */
  async abort(): Promise<void> {
    await this.#ask({ type: "message.stream.abort", data: this.#ids }, ACTION);
  }

  async #pump(): Promise<void> {
    // In the next turn, so that what one turn adds is one piece.
    await Promise.resolve();
    for (let piece = this.#next(); piece !== ""; piece = this.#next()) {
      const data = { ...this.#ids, offset: this.#offset, delta: piece };
      await this.#ask({ type: "message.stream.append", data }, ACTION);
      this.#offset += piece.length;
    }
    this.#running = undefined;
  }

  /** What waits, without the first half of a character whose second half is still to come. */
  #next(): string {
    const isTorn = /[\ud800-\udbff]$/.test(this.#buffer);
    const end = isTorn ? this.#buffer.length - 1 : this.#buffer.length;
    const piece = this.#buffer.slice(0, end);
    this.#buffer = this.#buffer.slice(end);
    return piece;
  }
}

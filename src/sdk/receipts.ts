import { newId } from "./ids.ts";
import type { Requests } from "./requests.ts";

interface Position {
  messageId: string | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

export type ReceiptKind = "read" | "delivered";

const ACTIONS = { read: "mark the channel read", delivered: "mark the channel delivered" };

/** Read and delivered positions: one request per channel under way, and only the latest position behind it. */
export class Receipts {
  readonly #requests: Requests;
  readonly #next = new Map<string, Position[]>();
  readonly #busy = new Set<string>();

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /**
   * Marks a channel read (or delivered) up to a message; without one, up to the newest. Resolves when this or a later position is kept.
   * @throws {KabarError} where the server refuses, or the connection is closed for good
   */
  mark(kind: ReceiptKind, channelId: string, messageId?: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const line = `${kind} ${channelId}`;
      const waiting = this.#next.get(line) ?? [];
      this.#next.set(line, waiting);
      waiting.push({ messageId, resolve, reject });
      if (!this.#busy.has(line)) void this.#run(kind, channelId, line);
    });
  }

  async #run(kind: ReceiptKind, channelId: string, line: string): Promise<void> {
    this.#busy.add(line);
    for (;;) {
      const positions = this.#next.get(line) ?? [];
      this.#next.delete(line);
      const latest = positions.at(-1);
      if (!latest) break;
      const data = { channel_id: channelId, message_id: latest.messageId };
      try {
        await this.#requests.request({ type: `message.${kind}`, id: newId(), data }, ACTIONS[kind]);
        for (const position of positions) position.resolve();
      } catch (error) {
        for (const position of positions) position.reject(error);
      }
    }
    this.#busy.delete(line);
  }
}

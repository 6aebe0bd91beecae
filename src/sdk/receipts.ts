import { newId } from "./ids.ts";
import type { Requests } from "./requests.ts";

interface Position {
  messageId: string | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

/** Read positions: one request per channel under way, and only the latest position behind it. */
export class Receipts {
  readonly #requests: Requests;
  readonly #next = new Map<string, Position[]>();
  readonly #busy = new Set<string>();

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /**
   * Marks a channel read up to a message; without one, up to the newest. Resolves when this or a later position is kept.
   * @throws {KabarError} where the server refuses, or the connection is closed for good
   */
  markRead(channelId: string, messageId?: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#next.get(channelId) ?? [];
      this.#next.set(channelId, waiting);
      waiting.push({ messageId, resolve, reject });
      if (!this.#busy.has(channelId)) void this.#run(channelId);
    });
  }

  async #run(channelId: string): Promise<void> {
    this.#busy.add(channelId);
    for (;;) {
      const positions = this.#next.get(channelId) ?? [];
      this.#next.delete(channelId);
      const latest = positions.at(-1);
      if (!latest) break;
      const data = { channel_id: channelId, message_id: latest.messageId };
      try {
        await this.#requests.request({ type: "message.read", id: newId(), data }, "mark the channel read");
        for (const position of positions) position.resolve();
      } catch (error) {
        for (const position of positions) position.reject(error);
      }
    }
    this.#busy.delete(channelId);
  }
}

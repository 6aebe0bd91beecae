import type { Archive } from "../../src/domain/hub-ports.ts";
import type { Message } from "../../src/protocol/message.ts";
import type { Journal } from "./journal.ts";

/** Messages remembered by id, newest last; receipts and replies nearly always name one of them. */
const REMEMBERED = 2_000;

/** Finds a message by its id: in memory, in what is not archived yet, else in Postgres. */
export class MessageLookup {
  readonly #journal: Journal;
  readonly #archive: Archive;
  readonly #recent = new Map<string, Message>();

  constructor(parts: { journal: Journal; archive: Archive }) {
    this.#journal = parts.journal;
    this.#archive = parts.archive;
  }

  remember(message: Message): void {
    this.#recent.set(message.id, message);
    if (this.#recent.size <= REMEMBERED) return;
    for (const oldest of this.#recent.keys()) {
      this.#recent.delete(oldest);
      break;
    }
  }

  /** Undefined where the channel has no such message. Throws where only Postgres could tell and it does not answer. */
  async find(channelId: string, messageId: string): Promise<Message | undefined> {
    const recent = this.#recent.get(messageId);
    if (recent !== undefined) return recent.channel_id === channelId ? recent : undefined;
    const unarchived = this.#journal.findUnarchivedMessage(channelId, messageId);
    if (unarchived !== undefined) return (JSON.parse(unarchived.body) as { message: Message }).message;
    return this.#archive.findMessage(channelId, messageId);
  }
}

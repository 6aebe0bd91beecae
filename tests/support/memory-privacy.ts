import type { HubOptions } from "../../durable-objects/hub/hub.ts";
import type { ErasureStore, FileStore, Slice } from "../../src/domain/hub-ports.ts";
import { type ChangedMessage, changedMessageSchema } from "../../src/protocol/message.ts";
import type { MemoryArchive } from "./hub-rig.ts";

/** What erasures, retention and file removal need of Postgres and the store, over the rows of a `MemoryArchive`. */
export class MemoryPrivacy implements ErasureStore, FileStore {
  readonly files = new Set<string>();
  readonly forgotten: string[] = [];
  /** Calls until one fails, once. */
  failAfter = Number.POSITIVE_INFINITY;
  calls = 0;
  readonly #archive: MemoryArchive;

  constructor(archive: MemoryArchive) {
    this.#archive = archive;
  }

  get options(): HubOptions["privacy"] {
    return { erasure: this, retention: { expired: this.expired, remove: this.removeMessages }, files: this };
  }

  async removeUser(_userId: string) {
    this.#count();
    return [];
  }

  async messagesBy(userId: string, after: string | null, limit: number): Promise<Slice<ChangedMessage>> {
    this.#count();
    return this.#slice(
      this.#messages.filter((message) => message.user_id === userId && message.deleted_at === null),
      after,
      limit,
    );
  }

  async mentionsOf(userId: string, after: string | null, limit: number): Promise<Slice<ChangedMessage>> {
    this.#count();
    const mentions = ({ mentions: all }: ChangedMessage) => all.some((mention) => mention.user_id === userId);
    return this.#slice(this.#messages.filter(mentions), after, limit);
  }

  async reactionsBy(userId: string, after: string | null, limit: number) {
    this.#count();
    const { items, next } = this.#slice(
      this.#messages.filter(({ id }) => this.#archive.reactions.get(id)?.has(userId)),
      after,
      limit,
    );
    const reactions = items.map(({ id, channel_id, channel_external_id }) => ({
      channel_id,
      channel_external_id,
      message_id: id,
      emoji: this.#archive.reactions.get(id)?.get(userId) ?? "",
    }));
    return { items: reactions, next };
  }

  async forget(userId: string): Promise<void> {
    this.#count();
    this.forgotten.push(userId);
  }

  expired = async (before: string, limit: number) => {
    this.#count();
    return this.#messages.filter((message) => message.created_at < before).slice(0, limit);
  };

  removeMessages = async (ids: readonly string[]) => {
    this.#count();
    const kept = this.#archive.rows.filter((row) => !ids.includes(row.id));
    this.#archive.rows.splice(0, this.#archive.rows.length, ...kept);
  };

  owns(url: string): boolean {
    return url.startsWith("https://files.example.test/chat/");
  }

  async isUsed(url: string): Promise<boolean> {
    this.#count();
    return this.#archive.rows.some((row) => row.attachment_url === url && row.deleted_at === null);
  }

  async remove(url: string): Promise<void> {
    this.#count();
    this.files.delete(url);
  }

  get #messages(): ChangedMessage[] {
    return this.#archive.rows.map((row) => changedMessageSchema().parse(row));
  }

  #slice(messages: ChangedMessage[], after: string | null, limit: number): Slice<ChangedMessage> {
    const sorted = messages.sort((a, b) => (a.id < b.id ? -1 : 1)).filter(({ id }) => after === null || id > after);
    const items = sorted.slice(0, limit);
    return { items, next: items.length === limit ? items.at(-1)?.id : undefined };
  }

  #count(): void {
    if (!this.#archive.up) throw new Error("connection refused");
    if (++this.calls !== this.failAfter) return;
    throw new Error("connection reset");
  }
}

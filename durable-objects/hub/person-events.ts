import type { ErasureStore } from "../../src/domain/hub-ports.ts";
import { tombstoneOf } from "../../src/domain/tombstone.ts";
import type { DurableData, DurableType } from "../../src/protocol/frames-down.ts";
import type { ChangedMessage } from "../../src/protocol/message.ts";
import type { Changes } from "./changes.ts";
import type { Fanout } from "./fanout.ts";
import type { FileRemoval } from "./file-removal.ts";
import type { Journal, NewEvent } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";
import type { MessageLookup } from "./message-lookup.ts";
import type { HubRuntime, HubSql } from "./storage.ts";

export interface PersonEventsParts {
  sql: HubSql;
  runtime: HubRuntime;
  journal: Journal;
  fanout: Fanout;
  changes: Changes;
  lookup: MessageLookup;
  store: ErasureStore;
  files: FileRemoval | undefined;
  onAppend(event: JournalEvent): void;
}

/** What one step did, and the place from which the next one goes on; undefined where nothing is left. */
export interface Swept {
  count: number;
  next: string | undefined;
}

/** Events that one step appends. */
const PER_STEP = 200;

/**
 * Takes back what a user said, reacted and was mentioned with, by the same events as if each had been taken back by hand: members see
 * it, the archive follows, and nothing else need know of erasures.
 */
export class PersonEvents {
  readonly #parts: PersonEventsParts;

  constructor(parts: PersonEventsParts) {
    this.#parts = parts;
  }

  async unsendAll(userId: string, after: string | null): Promise<Swept> {
    const { store, lookup, files } = this.#parts;
    const found = await store.messagesBy(userId, after, PER_STEP);
    await this.#know(found.items.map((message) => message.channel_id));
    const at = new Date(this.#parts.runtime.now()).toISOString();
    const blanks: ChangedMessage[] = [];
    this.#appendAll((append) => {
      for (const stored of found.items) {
        const message = lookup.recent(stored.id)?.message ?? stored;
        if (message.deleted_at !== null) continue;
        const user = message.user === null ? null : { ...message.user, external_id: null, name: "", avatar_url: null };
        const blank = { ...tombstoneOf(message, at), user };
        blanks.push(blank);
        append("message.deleted", blank, { ...idsOf(blank), message_id: blank.id, message: blank });
        files?.add(message.attachment_url, userId);
      }
    });
    for (const blank of blanks) {
      const state = lookup.recent(blank.id);
      lookup.requote(blank);
      if (state === undefined) continue;
      state.message = blank;
      state.reactions.clear();
    }
    return { count: blanks.length, next: found.next };
  }

  async unreactAll(userId: string, after: string | null): Promise<Swept> {
    const { store, lookup } = this.#parts;
    const found = await store.reactionsBy(userId, after, PER_STEP);
    await this.#know(found.items.map((reaction) => reaction.channel_id));
    this.#appendAll((append) => {
      for (const { emoji, message_id, ...ids } of found.items) {
        append("message.reaction.removed", { ...ids, id: message_id }, { ...ids, message_id, user_id: userId, emoji });
      }
    });
    for (const { message_id: id } of found.items) lookup.recent(id)?.reactions.delete(userId);
    return { count: found.items.length, next: found.next };
  }

  async unmentionAll(userId: string, after: string | null): Promise<Swept> {
    const { store, lookup } = this.#parts;
    const found = await store.mentionsOf(userId, after, PER_STEP);
    await this.#know(found.items.map((message) => message.channel_id));
    const changed: ChangedMessage[] = [];
    this.#appendAll((append) => {
      for (const stored of found.items) {
        const message = lookup.recent(stored.id)?.message ?? stored;
        const mentions = message.mentions.filter((mention) => mention.user_id !== userId);
        if (mentions.length === message.mentions.length) continue;
        const next = { ...message, mentions };
        changed.push(next);
        append("message.updated", next, { message: next });
      }
    });
    for (const message of changed) {
      const state = lookup.recent(message.id);
      if (state !== undefined) state.message = message;
    }
    return { count: changed.length, next: found.next };
  }

  /** A channel that the hub does not know has no members whom it could tell. */
  async #know(channelIds: readonly string[]): Promise<void> {
    for (const id of new Set(channelIds)) await this.#parts.changes.resolve(id);
  }

  #appendAll(
    work: (
      append: <Type extends DurableType>(
        type: Type,
        message: { id: string; channel_id: string },
        data: DurableData<Type>,
      ) => void,
    ) => void,
  ): void {
    const { journal, fanout, onAppend } = this.#parts;
    const events = journal.transaction(() => {
      const appended: JournalEvent[] = [];
      work((type, message, data) => {
        const body = JSON.stringify(data);
        const fresh: NewEvent = {
          type,
          channelId: message.channel_id,
          body,
          userId: null,
          messageId: message.id,
          clientId: null,
        };
        appended.push(journal.append(fresh));
      });
      return appended;
    });
    for (const event of events) {
      fanout.enqueue(event);
      onAppend(event);
    }
  }
}

function idsOf(message: ChangedMessage) {
  return { channel_id: message.channel_id, channel_external_id: message.channel_external_id };
}

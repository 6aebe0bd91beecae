import type { History, Member, Message } from "../sdk/index.ts";
import type { PickedFile } from "./picture.ts";

/** What the user wrote, until the server has it. */
export interface Draft {
  content: string;
  picked?: PickedFile;
  at: string;
}

export interface Failure {
  text: string;
  retryable: boolean;
}

/** One row of a conversation: a stored message, or a draft on its way. */
export interface Entry {
  /** Stays the same from draft to stored message, so that the row stays the same too. */
  key: string;
  message?: Message;
  draft?: Draft;
  status: "sending" | "failed" | "stored";
  /** Why it failed, for people, and whether a second try can help. */
  failure?: Failure;
}

/** The messages of one channel as far as they are loaded, and who has read how far. */
export class Conversation {
  readonly #stored = new Map<string, Entry>();
  #drafts: Entry[] = [];
  readonly #readSeq = new Map<string, number>();
  readonly #readAt = new Map<string, number>();
  members: Member[] = [];
  /** Cursor of the page before the oldest loaded message; undefined where there is none. */
  before: string | undefined;
  loaded = false;
  loading = false;

  /** Stored messages by seq, then drafts in the order of writing. */
  get entries(): Entry[] {
    const stored = [...this.#stored.values()].sort((a, b) => (a.message?.seq ?? 0) - (b.message?.seq ?? 0));
    return [...stored, ...this.#drafts];
  }

  get newest(): Message | undefined {
    let newest: Message | undefined;
    for (const { message } of this.#stored.values()) {
      if (message && message.seq > (newest?.seq ?? 0)) newest = message;
    }
    return newest;
  }

  /** Takes the newest page. What is older stays where it joins the page, and goes where messages are missing between. */
  takeNewest(page: History): void {
    const oldest = page.messages.at(-1)?.seq ?? 0;
    const older = [...this.#stored.values()].flatMap(({ message }) =>
      message && message.seq < oldest ? [message] : [],
    );
    if (!older.some((message) => message.seq === oldest - 1)) {
      for (const { id } of older) this.#stored.delete(id);
      this.before = page.next_cursor ?? undefined;
    }
    this.loaded = true;
    for (const message of page.messages) this.store(message);
  }

  takeOlder(page: History): void {
    this.before = page.next_cursor ?? undefined;
    for (const message of page.messages) this.store(message);
  }

  /** Adds or replaces a stored message; `key` names the draft that it came from. */
  store(message: Message, key = message.client_id): void {
    const draft = this.#drafts.find((entry) => entry.key === key);
    if (draft) this.#drafts = this.#drafts.filter((entry) => entry !== draft);
    const known = this.#stored.get(message.id);
    const entry = draft ?? known ?? { key: message.id, status: "stored" };
    this.#stored.set(message.id, { ...entry, message, status: "stored", failure: undefined });
  }

  addDraft(key: string, draft: Draft): void {
    this.#drafts.push({ key, draft, status: "sending" });
  }

  draft(key: string): Draft | undefined {
    return this.#drafts.find((entry) => entry.key === key)?.draft;
  }

  markDraft(key: string, status: "sending" | "failed", failure?: Failure): void {
    this.#drafts = this.#drafts.map((entry) => (entry.key === key ? { ...entry, status, failure } : entry));
  }

  dropDraft(key: string): void {
    this.#drafts = this.#drafts.filter((entry) => entry.key !== key);
  }

  setMembers(members: Member[]): void {
    this.members = members;
    for (const { user, last_read_at } of members) if (last_read_at) this.#readAt.set(user.id, Date.parse(last_read_at));
  }

  noteRead(userId: string, seq: number): void {
    this.#readSeq.set(userId, Math.max(seq, this.#readSeq.get(userId) ?? 0));
  }

  /** Names of those, other than its author, who have read a message. */
  readersOf(message: Message): string[] {
    const createdAt = Date.parse(message.created_at);
    const others = this.members.filter(({ user }) => user.id !== message.user_id);
    return others
      .filter(({ user }) => {
        return (this.#readSeq.get(user.id) ?? 0) >= message.seq || (this.#readAt.get(user.id) ?? 0) >= createdAt;
      })
      .map(({ user }) => user.name);
  }
}

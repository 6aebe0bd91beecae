import type { History, Message } from "../protocol/message.ts";
import { CHANGE_TYPES, type Change } from "./changes.ts";
import type { Channel, EditedMessage, OutgoingMessage } from "./channel.ts";
import type { KabarClient } from "./client.ts";
import { Emitter, type Unsubscribe } from "./emitter.ts";
import type { KabarError } from "./error.ts";
import { MessageStore } from "./message-store.ts";
import { type Draft, Outbox, type Upload } from "./outbox.ts";
import { OwnChanges } from "./own-changes.ts";

/** One row: a stored message, or a draft on its way. */
export interface TimelineEntry {
  /** Stays the same from draft to stored message. */
  key: string;
  message?: Message;
  draft?: Draft;
  /** A change of one's own is under way, and shown already. */
  changing: boolean;
}

export interface TimelineEvents {
  change: undefined;
  /** Reading by itself (after a discontinuity) failed. */
  error: KabarError;
}

/**
 * The messages of one channel, or of one thread, kept as they are now: a window that grows by pages, with live events
 * applied and one's own changes shown at once. Call `load()` first and `close()` at the end.
 */
export class Timeline {
  readonly events = new Emitter<TimelineEvents>();
  readonly #channel: Channel;
  readonly #client: KabarClient;
  readonly #thread: string | undefined;
  readonly #store: MessageStore;
  readonly #outbox: Outbox;
  readonly #own: OwnChanges;
  readonly #keys = new Map<string, string>();
  readonly #subscriptions: Unsubscribe[];
  #older: string | undefined;
  #newer: string | undefined;
  /** Messages that came while a page was read that may not show them. */
  #meanwhile: Message[] | undefined;
  /** Changes with each new window, so that a page that comes late belongs to nothing. */
  #window = 0;
  #paging = false;
  /** Seq up to which `markRead` was called. */
  #marked = 0;
  loaded = false;

  /** @param thread the message whose thread is shown; without it the channel is */
  constructor(client: KabarClient, channelId: string, thread?: string) {
    const channel = client.channel(channelId);
    this.#channel = channel;
    this.#client = client;
    this.#thread = thread;
    this.#store = new MessageStore(() => client.userId);
    this.#outbox = new Outbox(
      channel,
      () => this.#changed(),
      (message, key) => this.#sent(message, key),
    );
    this.#own = new OwnChanges(channel, this.#store, () => this.#changed());
    this.#subscriptions = [
      ...CHANGE_TYPES.map((type) => channel.on(type, (data) => this.#change({ type, data } as Change))),
      channel.on("message", (message) => this.#receive(message)),
      channel.on("text", ({ message_id: id, content }) => {
        // One that has ended has its whole text.
        this.#store.update(id, (message) => (message.streaming ? { ...message, content } : message));
        this.#changed();
      }),
      client.on("discontinuity", ({ channel_id }) => {
        const named = channel_id === undefined || this.#store.all[0]?.channel_id === channel_id;
        if (named && this.loaded) this.load().catch((error) => this.events.emit("error", error));
      }),
    ];
  }

  /** Stored messages by `seq`, then drafts. A channel's timeline leaves the replies of threads out. */
  get entries(): TimelineEntry[] {
    const shown = this.#store.all.filter((message) =>
      this.#thread ? message.id !== this.#thread : !message.thread_root_id,
    );
    const stored = shown.map((message) => this.#entry(message));
    if (!this.atEnd) return stored;
    return [...stored, ...this.#outbox.drafts.map((draft) => ({ key: draft.key, draft, changing: false }))];
  }

  /** Of a thread's timeline: the message that the thread is under. */
  get root(): TimelineEntry | undefined {
    const root = this.#thread && this.#store.get(this.#thread);
    return root ? this.#entry(root) : undefined;
  }

  /** The newest loaded message, replies of threads included. */
  get newest(): Message | undefined {
    return this.#store.all.at(-1);
  }

  get hasOlder(): boolean {
    return this.#older !== undefined;
  }

  /** Whether the window reaches the newest message, and so grows by itself. */
  get atEnd(): boolean {
    return this.#newer === undefined;
  }

  get(id: string): Message | undefined {
    const message = this.#store.get(id);
    return message && this.#own.shown(message);
  }

  /** Reads the newest messages, in place of what is loaded. @throws {KabarError} */
  async load(): Promise<void> {
    const root = this.#thread;
    await this.#open(async () => {
      const [page, first] = await Promise.all([this.#page({}), root ? this.#around(root) : undefined]);
      return { ...page, messages: [...page.messages, ...(first?.messages ?? [])], prev_cursor: null };
    });
  }

  /** Moves the window to where a message is; nothing where it is loaded. @throws {KabarError} */
  async show(messageId: string): Promise<void> {
    if (!this.#store.get(messageId)) await this.#open(() => this.#channel.history({ around: messageId }));
  }

  /** Reads the page before the oldest loaded message. @throws {KabarError} */
  async loadOlder(): Promise<void> {
    const before = this.#older;
    if (before === undefined) return;
    await this.#grow(async () => {
      const page = await this.#page({ before });
      return () => {
        this.#older = page.next_cursor ?? undefined;
        return page.messages;
      };
    });
  }

  /** Reads the page after the newest loaded message, where the window does not reach the end. @throws {KabarError} */
  async loadNewer(): Promise<void> {
    const after = this.#newer;
    if (after === undefined) return;
    await this.#grow(async () => {
      const meanwhile: Message[] = [];
      this.#meanwhile = meanwhile;
      const page = await this.#page({ after });
      return () => {
        this.#newer = page.next_cursor ?? undefined;
        return this.atEnd ? [...page.messages, ...missingIn(page.messages, meanwhile)] : page.messages;
      };
    });
  }

  /** Sends a message that is shown at once. Never throws: where it fails, its draft says why. @returns its key */
  send(message: OutgoingMessage, upload?: Upload): string {
    if (!this.atEnd) this.load().catch((error) => this.events.emit("error", error));
    return this.#outbox.send(this.#thread ? { thread_root_id: this.#thread, ...message } : message, upload);
  }

  /** Sends a failed draft again; it is stored once. */
  retry(key: string): void {
    this.#outbox.retry(key);
  }

  discard(key: string): void {
    this.#outbox.drop(key);
    this.#changed();
  }

  /** @throws {KabarError} where the server refuses; the message is then as before */
  edit(id: string, change: EditedMessage): Promise<void> {
    return this.#own.edit(id, change);
  }

  /** Blanks a message for all. @throws {KabarError} where the server refuses; the message is then as before */
  unsend(id: string): Promise<void> {
    return this.#own.unsend(id);
  }

  /** @throws {KabarError} where the server refuses; the message is then as before */
  pin(id: string, pinned: boolean): Promise<void> {
    return this.#own.pin(id, pinned);
  }

  /** One's own reaction becomes this emoji, or none. @throws {KabarError} where the server refuses; it is then as before */
  react(id: string, emoji: string | undefined): Promise<void> {
    return this.#own.react(id, emoji);
  }

  /** Marks the channel read up to the newest message, where the window shows it and that is news. @throws {KabarError} */
  async markRead(): Promise<void> {
    const { newest } = this;
    if (!newest || !this.atEnd || newest.seq <= this.#marked) return;
    this.#marked = newest.seq;
    this.#client.unread.read(newest.channel_id, newest.seq);
    await this.#channel.markRead(newest.id);
  }

  /** Ends the subscriptions. */
  close(): void {
    for (const stop of this.#subscriptions) stop();
  }

  #entry(message: Message): TimelineEntry {
    const { id } = message;
    return { key: this.#keys.get(id) ?? id, message: this.#own.shown(message), changing: this.#own.isChanging(id) };
  }

  #page(query: { before?: string; after?: string }): Promise<History> {
    return this.#thread ? this.#channel.thread(this.#thread, query) : this.#channel.history(query);
  }

  /** One message, with its moment. */
  #around(id: string): Promise<History> {
    return this.#channel.history({ around: id, limit: 1 });
  }

  /** Replaces the window by a page. */
  async #open(fetch: () => Promise<History>): Promise<void> {
    this.#window += 1;
    const window = this.#window;
    const meanwhile: Message[] = [];
    this.#meanwhile = meanwhile;
    const page = await fetch();
    if (window !== this.#window) return;
    this.#older = page.next_cursor ?? undefined;
    this.#newer = page.prev_cursor ?? undefined;
    this.#store.clear();
    this.loaded = true;
    this.#take(this.atEnd ? [...page.messages, ...missingIn(page.messages, meanwhile)] : page.messages);
  }

  /** Adds a page to the window. */
  async #grow(fetch: () => Promise<() => Message[]>): Promise<void> {
    if (this.#paging) return;
    const window = this.#window;
    this.#paging = true;
    try {
      const take = await fetch();
      if (window === this.#window) this.#take(take());
    } finally {
      this.#paging = false;
    }
  }

  #take(messages: Message[]): void {
    for (const message of messages) this.#put(message);
    this.#changed();
  }

  #put(message: Message): void {
    const { id, client_id: key } = message;
    if (key !== undefined && this.#outbox.drop(key)) this.#keys.set(id, key);
    this.#store.put(message);
    // Afterwards: a copy would lose of which moment it is.
    this.#store.update(id, (known) => this.#channel.live(known));
  }

  #receive(message: Message): void {
    if (!this.#thread || message.thread_root_id === this.#thread) {
      this.#meanwhile?.push(message);
      this.#add(message);
    }
    this.#changed();
  }

  #change(change: Change): void {
    this.#store.apply(change);
    const root = change.type === "message.deleted" && change.data.message.thread_root_id;
    if (root && this.#store.get(root)) void this.#refresh(root);
    this.#changed();
  }

  /** Reads a thread's root anew: who replied last is, after an unsent reply, known to the server only. */
  async #refresh(id: string): Promise<void> {
    // Where it cannot be read, what is shown stays.
    const page = await this.#around(id).catch(() => undefined);
    const message = page?.messages[0];
    if (message && this.#store.get(id)) this.#take([message]);
  }

  #sent(message: Message, key: string): void {
    this.#add({ ...message, client_id: key });
    this.#changed();
  }

  /** A new message: an event, or one's own. Both may come, in either order. */
  #add(message: Message): void {
    const isDue = this.loaded && this.atEnd && !this.#store.get(message.id);
    if (isDue) this.#put(message);
    else this.#outbox.drop(message.client_id);
  }

  #changed(): void {
    this.events.emit("change", undefined);
  }
}

function missingIn(messages: Message[], others: Message[]): Message[] {
  const ids = new Set(messages.map(({ id }) => id));
  return others.filter(({ id }) => !ids.has(id));
}

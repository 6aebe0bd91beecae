import { Emitter } from "../sdk/emitter.ts";
import { KabarError, type Message } from "../sdk/index.ts";
import { type Draft, ownReaction, type Timeline, type TimelineEntry } from "../sdk/live.ts";
import type { ChannelEntry } from "./channel-entry.ts";
import { explain } from "./explain.ts";
import type { PickedFile } from "./picture.ts";
import { upload } from "./upload.ts";

export interface TalkEvents {
  /** Messages, drafts, or what is being edited. */
  change: undefined;
  /** Which message is being replied to. */
  reply: Message | undefined;
  /** A message to bring before the user's eyes, by id. */
  jump: string;
  fail: string;
}

/** What a composer hands over. */
export interface Written {
  content: string;
  /** External ids. */
  mentions: string[];
  picked?: PickedFile;
}

/** One place where messages are read and written: a channel, or a thread. Holds what the user is about to do there. */
export class Talk {
  readonly events = new Emitter<TalkEvents>();
  readonly entry: ChannelEntry;
  readonly timeline: Timeline;
  readonly isThread: boolean;
  readonly #pictures = new Map<string, PickedFile>();
  #replyTo: Message | undefined;
  #editing: string | undefined;
  #loading = false;

  constructor(entry: ChannelEntry, timeline: Timeline, isThread: boolean) {
    this.entry = entry;
    this.timeline = timeline;
    this.isThread = isThread;
    timeline.events.on("change", () => this.events.emit("change", undefined));
    timeline.events.on("error", (error) => this.#fail(error));
  }

  /** What is shown, oldest first; a thread begins with its root. */
  get entries(): TimelineEntry[] {
    const { root, entries } = this.timeline;
    return root ? [root, ...entries] : entries;
  }

  get replyTo(): Message | undefined {
    return this.#replyTo;
  }

  /** Id of the message whose text is being edited. */
  get editing(): string | undefined {
    return this.#editing;
  }

  /** The picked file of an own message, which needs no download. */
  pictureOf(key: string): PickedFile | undefined {
    return this.#pictures.get(key);
  }

  /** What a row quotes: a draft as the message will. */
  quoteOf({ message, draft }: TimelineEntry): Message["quoted_message"] {
    if (message) return message.deleted_at ? undefined : message.quoted_message;
    const parent = this.timeline.get(draft?.message.parent_id ?? "");
    if (!parent) return undefined;
    const { id, user_id, user, content, type } = parent;
    return { id, user_id, user_name: user?.name ?? "", content, type, deleted: parent.deleted_at !== null };
  }

  /** Why a draft was not sent, for people, and whether a second try can help. */
  failureOf({ key, error }: Draft): { text: string; isRetryable: boolean } {
    const isRetryable = error instanceof KabarError && (error.retryable || error.code === "UPLOAD_FAILED");
    return { text: explain(error, this.#pictures.has(key)), isRetryable };
  }

  load(): Promise<void> {
    return this.#guarded(() => this.timeline.load());
  }

  /** Reads one more page in a direction, one at a time. */
  async loadMore(where: "older" | "newer"): Promise<void> {
    const { timeline } = this;
    if (this.#loading || !timeline.loaded || (where === "older" ? !timeline.hasOlder : timeline.atEnd)) return;
    this.#loading = true;
    await this.#guarded(() => (where === "older" ? timeline.loadOlder() : timeline.loadNewer()));
    this.#loading = false;
  }

  /** Shows a message, wherever in the history it is. */
  async jumpTo(id: string): Promise<void> {
    await this.#guarded(async () => {
      await this.timeline.show(id);
      this.events.emit("jump", id);
    });
  }

  send({ content, mentions, picked }: Written): void {
    const parent = this.#replyTo?.id;
    this.reply(undefined);
    const message = { content, mentions, ...(parent && { parent_id: parent }) };
    const key = this.timeline.send(message, picked && (() => upload(this.entry.client, picked)));
    if (picked) this.#pictures.set(key, picked);
    this.events.emit("change", undefined);
  }

  reply(message: Message | undefined): void {
    if (message === this.#replyTo) return;
    this.#replyTo = message;
    this.events.emit("reply", message);
  }

  edit(id: string | undefined): void {
    this.#editing = id;
    this.events.emit("change", undefined);
  }

  /** Saves what is being edited, with the mentions that its text still has. */
  saveEdit(content: string): void {
    const message = this.#editing === undefined ? undefined : this.timeline.get(this.#editing);
    this.edit(undefined);
    if (!message || content === "" || content === message.content) return;
    const mentions = this.entry.mentionsIn(content);
    void this.#guarded(() => this.timeline.edit(message.id, { content, mentions }));
  }

  /** Sets the own reaction, or takes it away where it is this one. */
  toggleReaction(message: Message, emoji: string): void {
    const present = ownReaction(message.reactions);
    void this.#guarded(() => this.timeline.react(message.id, present === emoji ? undefined : emoji));
  }

  unsend(message: Message): void {
    if (this.#replyTo?.id === message.id) this.reply(undefined);
    void this.#guarded(() => this.timeline.unsend(message.id));
  }

  togglePin(message: Message): void {
    void this.#guarded(() => this.timeline.pin(message.id, message.pinned_at === null));
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    // A line that the user cut is no news.
    if (!(error instanceof KabarError) || error.code !== "CONNECTION_CLOSED") this.events.emit("fail", explain(error));
  }
}

import { Emitter } from "../sdk/emitter.ts";
import {
  type ChangedMessage,
  type ConnectionState,
  type KabarClient,
  KabarError,
  type Message,
  type MyChannel,
} from "../sdk/index.ts";
import { ChannelEntry } from "./channel-entry.ts";
import { explain } from "./explain.ts";
import type { PaneEvents } from "./pane-events.ts";
import type { DemoUser } from "./session.ts";
import type { Talk } from "./talk.ts";
import { previewOf, titleOf } from "./titles.ts";

/** Events after which the list of channels is read anew. */
const LIST_EVENTS = [
  "channel.created",
  "channel.updated",
  "channel.deleted",
  "member.joined",
  "member.left",
  "member.updated",
] as const;

/** Everything that one user's side knows, and what it can do. The views draw it and call it. */
export class PaneStore {
  readonly events = new Emitter<PaneEvents>();
  readonly me: DemoUser;
  readonly client: KabarClient;
  readonly #channels = new Map<string, ChannelEntry>();
  #activeId: string | undefined;
  #thread: Talk | undefined;
  #loaded = false;
  #reading = false;
  #cut = false;
  #isVisible = true;
  #reload: Promise<void> | undefined;

  constructor(client: KabarClient, me: DemoUser) {
    this.client = client;
    this.me = me;
    client.on("state", ({ state, error }) => this.#stateChanged(state, error));
    client.on("message", (message) => this.#received(message));
    client.on("message.read", ({ channel_id, user_id, seq }) => this.#readBy(channel_id, user_id, seq));
    client.on("message.updated", ({ message }) => this.#changed(message));
    client.on("message.deleted", ({ message }) => this.#changed(message));
    client.on("message.mentioned", ({ channel_id, by_user_id }) => this.#mentioned(channel_id, by_user_id));
    client.on("unread", () => this.events.emit("channels", undefined));
    client.on("typing", ({ channel_id, user_ids }) => this.#typing(channel_id, user_ids));
    client.on("presence", () => this.events.emit("presence", undefined));
    client.on("resumed", ({ count }) => this.#resumed(count));
    client.on("discontinuity", ({ channel_id }) => channel_id === undefined && void this.load());
    client.on("error", (error) => this.#fail(error));
    for (const type of LIST_EVENTS) client.on(type, () => void this.load());
  }

  get connection(): ConnectionState {
    return this.client.state;
  }

  /** Channels by latest activity. */
  get channels(): ChannelEntry[] {
    const at = ({ info }: ChannelEntry) => info.last_message?.created_at ?? info.created_at;
    return [...this.#channels.values()].sort((a, b) => (at(a) < at(b) ? 1 : -1));
  }

  get active(): ChannelEntry | undefined {
    return this.#activeId === undefined ? undefined : this.#channels.get(this.#activeId);
  }

  get thread(): Talk | undefined {
    return this.#thread;
  }

  /** Connects; the state is read once the socket is there, so that nothing falls between the two. */
  start(): void {
    this.client.connect();
  }

  /** The page came before the user's eyes, or went from them. */
  seen(isVisible: boolean): void {
    this.#isVisible = isVisible;
    this.client.presence.set(isVisible ? "online" : "away");
    this.#showing();
    if (isVisible) this.wake();
  }

  goOnline(): void {
    this.#cut = false;
    this.client.connect();
  }

  goOffline(): void {
    this.#cut = true;
    this.client.disconnect();
  }

  /** The network or the user is back: connects without waiting, unless the user cut the line. */
  wake(): void {
    if (!this.#cut && this.connection === "offline") this.client.connect();
  }

  /** Reads the channel list and the open conversation; calls at the same time share one. */
  load(): Promise<void> {
    this.#reload ??= this.#load().finally(() => {
      this.#reload = undefined;
    });
    return this.#reload;
  }

  open(channelId: string): void {
    if (channelId !== this.#activeId) this.closeThread();
    this.#activeId = channelId;
    this.#showing();
    this.events.emit("channels", undefined);
    this.#loadActive();
    this.#markRead();
  }

  openThread(root: string): void {
    const entry = this.active;
    if (!entry) return;
    this.closeThread();
    this.#thread = entry.thread(root);
    this.#thread.events.on("fail", (text) => this.events.emit("notice", { kind: "error", text }));
    this.events.emit("thread", this.#thread);
    void this.#thread.load();
  }

  closeThread(): void {
    if (!this.#thread) return;
    this.#thread.timeline.close();
    this.#thread = undefined;
    this.events.emit("thread", undefined);
  }

  /** Whether the newest message of the open channel is before the user's eyes. */
  setReading(reading: boolean): void {
    this.#reading = reading;
    this.#markRead();
  }

  typing(active: boolean): void {
    if (!this.#activeId) return;
    const channel = this.client.channel(this.#activeId);
    if (active) channel.startTyping();
    else channel.stopTyping();
  }

  async #load(): Promise<void> {
    try {
      const { channels } = await this.client.channels();
      const listed = new Set(channels.map((channel) => channel.id));
      for (const [id, entry] of this.#channels) if (!listed.has(id)) this.#drop(id, entry);
      for (const info of channels) this.#merge(info);
      this.#loaded = true;
      if (!this.active) this.#activeId = this.channels[0]?.info.id;
      this.#showing();
      this.events.emit("channels", undefined);
      this.#loadActive();
      await Promise.all(this.channels.map((entry) => this.#loadMembers(entry)));
    } catch (error) {
      this.#fail(error);
    }
  }

  #merge(info: MyChannel): void {
    const known = this.#channels.get(info.id);
    if (!known) {
      const entry = new ChannelEntry(this.client, info);
      entry.talk.events.on("fail", (text) => this.events.emit("notice", { kind: "error", text }));
      entry.talk.events.on("change", () => this.#markRead());
      this.#channels.set(info.id, entry);
      // A message may have come while the list was under way: the list is then the older of the two.
    } else if (known.info.last_seq <= info.last_seq) known.info = info;
  }

  #drop(id: string, entry: ChannelEntry): void {
    if (this.#activeId === id) this.closeThread();
    entry.close();
    this.#channels.delete(id);
  }

  /** What is on the screen needs no push. */
  #showing(): void {
    this.client.showing((this.#isVisible && this.#activeId) || null);
  }

  #loadActive(): void {
    const entry = this.active;
    if (!entry) return;
    // Once loaded it keeps itself as it is now.
    if (!entry.talk.timeline.loaded) void entry.talk.load();
    entry.pins.load().catch((error) => this.#fail(error));
  }

  async #loadMembers(entry: ChannelEntry): Promise<void> {
    await entry.loadMembers();
    this.events.emit("channels", undefined);
    this.events.emit("conversation", entry.info.id);
  }

  #received(message: Message): void {
    const entry = this.#channels.get(message.channel_id);
    if (!entry) {
      void this.load();
      return;
    }
    entry.received(message);
    this.events.emit("conversation", message.channel_id);
    this.events.emit("channels", undefined);
    this.#markRead();
    if (message.user_id !== this.me.id && entry === this.active) {
      const where = message.thread_root_id ? " in a thread" : "";
      this.events.emit("announce", `${message.user?.name ?? "Someone"}${where}: ${previewOf(message, this.me.id)}`);
    }
  }

  /** The list shows each channel's newest message as it is now. */
  #changed(message: ChangedMessage): void {
    if (this.#channels.get(message.channel_id)?.changed(message)) this.events.emit("channels", undefined);
  }

  #mentioned(channelId: string, byUserId: string | null): void {
    const entry = this.#channels.get(channelId);
    if (!entry || (entry === this.active && this.#reading)) return;
    const text = `${entry.nameOf(byUserId) ?? "Someone"} mentioned you in ${titleOf(entry, this.me.id)}.`;
    this.events.emit("notice", { kind: "info", text });
  }

  #readBy(channelId: string, userId: string, seq: number): void {
    this.#channels.get(channelId)?.reads.note(userId, seq);
    this.events.emit("conversation", channelId);
  }

  #markRead(): void {
    const entry = this.active;
    if (!entry || !this.#reading || entry.unread === 0) return;
    entry.talk.timeline.markRead().catch((error) => this.#fail(error));
  }

  #typing(channelId: string, userIds: string[]): void {
    const entry = this.#channels.get(channelId);
    if (!entry) return;
    entry.typing = userIds.filter((id) => id !== this.me.id);
    this.events.emit("typing", channelId);
  }

  #stateChanged(state: ConnectionState, error: KabarError | undefined): void {
    this.events.emit("connection", state);
    if (state === "online" && !this.#loaded) void this.load();
    if (state === "closed" && error) this.#fail(error);
  }

  #resumed(count: number): void {
    if (count === 0) return;
    const updates = count === 1 ? "one update" : `${count} updates`;
    this.events.emit("notice", { kind: "info", text: `Back online: caught up on ${updates}, none lost.` });
  }

  #fail(error: unknown): void {
    if (error instanceof KabarError && error.code === "CONNECTION_CLOSED" && this.connection !== "closed") return;
    this.events.emit("notice", { kind: "error", text: explain(error) });
  }
}

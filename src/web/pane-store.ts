import { Emitter } from "../sdk/emitter.ts";
import {
  type ConnectionState,
  type KabarClient,
  KabarError,
  type Message,
  type MyChannel,
  newId,
} from "../sdk/index.ts";
import { Conversation } from "./conversation.ts";
import { deliver } from "./deliver.ts";
import { explain } from "./explain.ts";
import type { ChannelEntry, PaneEvents } from "./pane-events.ts";
import type { PickedFile } from "./picture.ts";
import type { DemoUser } from "./session.ts";

/** Everything that one user's side knows, and what it can do. The views draw it and call it. */
export class PaneStore {
  readonly events = new Emitter<PaneEvents>();
  readonly me: DemoUser;
  readonly #client: KabarClient;
  readonly #channels = new Map<string, ChannelEntry>();
  #activeId: string | undefined;
  #loaded = false;
  #reading = false;
  #cut = false;
  #readSeq = new Map<string, number>();
  #reload: Promise<void> | undefined;

  constructor(client: KabarClient, me: DemoUser) {
    this.#client = client;
    this.me = me;
    client.on("state", ({ state, error }) => this.#stateChanged(state, error));
    client.on("message", (message) => this.#received(message));
    client.on("message.read", ({ channel_id, user_id, seq }) => this.#readBy(channel_id, user_id, seq));
    client.on("typing", ({ channel_id, user_ids }) => this.#typing(channel_id, user_ids));
    client.on("resumed", ({ count }) => this.#resumed(count));
    client.on("discontinuity", ({ channel_id }) => void (channel_id ? this.#reloadOne(channel_id) : this.load()));
    client.on("error", (error) => this.#fail(error));
    for (const type of ["channel.created", "channel.updated", "channel.deleted"] as const) {
      client.on(type, () => void this.load());
    }
    for (const type of ["member.joined", "member.left", "member.updated"] as const) {
      client.on(type, () => void this.load());
    }
  }

  get connection(): ConnectionState {
    return this.#client.state;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  /** Channels by latest activity. */
  get channels(): ChannelEntry[] {
    const at = (entry: ChannelEntry) => entry.info.last_message?.created_at ?? entry.info.created_at;
    return [...this.#channels.values()].sort((a, b) => (at(a) < at(b) ? 1 : -1));
  }

  get active(): ChannelEntry | undefined {
    return this.#activeId === undefined ? undefined : this.#channels.get(this.#activeId);
  }

  get unreadTotal(): number {
    return this.channels.reduce((sum, entry) => sum + entry.unread, 0);
  }

  /** Connects; the state is read once the socket is there, so that nothing falls between the two. */
  start(): void {
    this.#client.connect();
  }

  goOnline(): void {
    this.#cut = false;
    this.#client.connect();
  }

  goOffline(): void {
    this.#cut = true;
    this.#client.disconnect();
  }

  /** The network or the user is back: connects without waiting, unless the user cut the line. */
  wake(): void {
    if (!this.#cut && this.connection === "offline") this.#client.connect();
  }

  /** Reads the channel list and the open conversation; calls at the same time share one. */
  load(): Promise<void> {
    this.#reload ??= this.#load().finally(() => {
      this.#reload = undefined;
    });
    return this.#reload;
  }

  open(channelId: string): void {
    this.#activeId = channelId;
    this.events.emit("channels", undefined);
    this.events.emit("conversation", channelId);
    const entry = this.active;
    if (entry && !entry.conversation.loaded) void this.#reloadOne(channelId);
    this.#markRead();
  }

  /** Whether the newest message of the open channel is before the user's eyes. */
  setReading(reading: boolean): void {
    this.#reading = reading;
    this.#markRead();
  }

  async loadOlder(): Promise<void> {
    const entry = this.active;
    if (!entry || entry.conversation.loading || entry.conversation.before === undefined) return;
    const { conversation, info } = entry;
    conversation.loading = true;
    try {
      conversation.takeOlder(await this.#client.channel(info.id).history({ before: conversation.before }));
    } catch (error) {
      this.#fail(error);
    } finally {
      conversation.loading = false;
      this.events.emit("conversation", info.id);
    }
  }

  send(content: string, picked?: PickedFile): void {
    const entry = this.active;
    if (!entry) return;
    const key = newId();
    entry.conversation.addDraft(key, { content, picked, at: new Date().toISOString() });
    void this.#deliver(entry, key);
  }

  retry(key: string): void {
    const entry = this.active;
    if (entry) void this.#deliver(entry, key);
  }

  discard(key: string): void {
    const entry = this.active;
    if (!entry) return;
    entry.conversation.dropDraft(key);
    this.events.emit("conversation", entry.info.id);
  }

  typing(active: boolean): void {
    if (!this.#activeId) return;
    const channel = this.#client.channel(this.#activeId);
    if (active) channel.startTyping();
    else channel.stopTyping();
  }

  async #deliver({ conversation, info }: ChannelEntry, key: string): Promise<void> {
    const changed = () => this.events.emit("conversation", info.id);
    await deliver(this.#client, conversation, info.id, key, changed);
  }

  async #load(): Promise<void> {
    try {
      const { channels } = await this.#client.channels();
      const listed = new Set(channels.map((channel) => channel.id));
      for (const id of this.#channels.keys()) if (!listed.has(id)) this.#channels.delete(id);
      for (const info of channels) this.#merge(info);
      this.#loaded = true;
      if (this.#activeId === undefined || !this.#channels.has(this.#activeId))
        this.#activeId = this.channels[0]?.info.id;
      this.events.emit("channels", undefined);
      const open = this.#activeId === undefined ? undefined : this.#reloadOne(this.#activeId);
      await Promise.all([open, ...[...listed].map((id) => this.#loadMembers(id))]);
      // The others are read when they are opened: what is loaded of them may have become old.
      for (const [id, { conversation }] of this.#channels) if (id !== this.#activeId) conversation.loaded = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  #merge(info: MyChannel): void {
    const known = this.#channels.get(info.id);
    const fresh = known ?? { info, unread: 0, typing: [], conversation: new Conversation() };
    // A message may have come while the list was under way: the list is then the older of the two.
    const older = (known?.info.last_seq ?? 0) > info.last_seq;
    if (!older) Object.assign(fresh, { info, unread: info.unread_count });
    this.#channels.set(info.id, fresh);
  }

  async #loadMembers(channelId: string): Promise<void> {
    const { members } = await this.#client.channel(channelId).members({ limit: 100 });
    this.#channels.get(channelId)?.conversation.setMembers(members);
    this.events.emit("channels", undefined);
    this.events.emit("conversation", channelId);
  }

  async #reloadOne(channelId: string): Promise<void> {
    const conversation = this.#channels.get(channelId)?.conversation;
    if (!conversation) return;
    try {
      conversation.takeNewest(await this.#client.channel(channelId).history());
      this.events.emit("conversation", channelId);
      this.#markRead();
    } catch (error) {
      this.#fail(error);
    }
  }

  #received(message: Message): void {
    const entry = this.#channels.get(message.channel_id);
    if (!entry) {
      void this.load();
      return;
    }
    if (message.seq > entry.info.last_seq) {
      entry.info = { ...entry.info, last_message: message, last_seq: message.seq };
      if (message.user_id !== this.me.id) entry.unread += 1;
    }
    // A conversation that was never opened is read whole when it is. The open one takes it in any case: the page that is
    // under way may be older than the message.
    const isOpen = message.channel_id === this.#activeId;
    if (entry.conversation.loaded || isOpen || message.user_id === this.me.id) entry.conversation.store(message);
    if (message.user_id) entry.conversation.noteRead(message.user_id, message.seq);
    this.events.emit("conversation", message.channel_id);
    this.events.emit("channels", undefined);
    this.#markRead();
  }

  #readBy(channelId: string, userId: string, seq: number): void {
    const entry = this.#channels.get(channelId);
    if (!entry) return;
    entry.conversation.noteRead(userId, seq);
    if (userId === this.me.id && seq >= entry.info.last_seq) entry.unread = 0;
    this.events.emit("conversation", channelId);
    this.events.emit("channels", undefined);
  }

  #markRead(): void {
    const entry = this.active;
    const newest = entry?.conversation.newest;
    if (!entry || !newest || !this.#reading) return;
    const unread = entry.unread > 0;
    if (unread) {
      entry.unread = 0;
      this.events.emit("channels", undefined);
    }
    if (newest.seq <= (this.#readSeq.get(entry.info.id) ?? 0)) return;
    // One's own message needs no receipt, unless it stands behind unread ones.
    if (newest.user_id === this.me.id && !unread) return;
    this.#readSeq.set(entry.info.id, newest.seq);
    this.#client
      .channel(entry.info.id)
      .markRead(newest.id)
      .catch((error) => this.#fail(error));
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

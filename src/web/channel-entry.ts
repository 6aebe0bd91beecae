import type { ChangedMessage, KabarClient, Member, Message, MyChannel } from "../sdk/index.ts";
import { Pins, ReadPositions, Timeline } from "../sdk/live.ts";
import { Talk } from "./talk.ts";

/** One channel as one user's side knows it: its messages, members, pins, and who types and reads. */
export class ChannelEntry {
  readonly client: KabarClient;
  readonly talk: Talk;
  readonly pins: Pins;
  readonly reads = new ReadPositions();
  info: MyChannel;
  /** Ids of those who type now. */
  typing: string[] = [];
  #members: Member[] = [];

  constructor(client: KabarClient, info: MyChannel) {
    this.client = client;
    this.info = info;
    this.talk = new Talk(this, new Timeline(client, info.id), false);
    this.pins = new Pins(client.channel(info.id));
  }

  get members(): Member[] {
    return this.#members;
  }

  /** The members besides the user. */
  get others(): Member[] {
    return this.#members.filter(({ user }) => user.id !== this.client.userId);
  }

  /** The other one of a direct channel. */
  get partner(): Member["user"] | undefined {
    return this.isGroup ? undefined : this.others[0]?.user;
  }

  /** How many of the others are at their devices. */
  get onlineCount(): number {
    return this.others.filter(({ user }) => this.client.presence.get(user.id)?.status === "online").length;
  }

  get unread(): number {
    return this.client.unread.of(this.info.id).count;
  }

  get mentions(): number {
    return this.client.unread.of(this.info.id).mentions;
  }

  get isGroup(): boolean {
    return this.info.type === "group";
  }

  /** Whether the user may pin any message here, and unsend those of others. */
  get isAdmin(): boolean {
    return this.#members.some(({ user, role }) => user.id === this.client.userId && role === "admin");
  }

  async loadMembers(): Promise<void> {
    const { members } = await this.client.channel(this.info.id).members({ limit: 100 });
    this.#members = members;
    this.reads.setMembers(members);
  }

  nameOf(userId: string | null): string | undefined {
    return this.#members.find(({ user }) => user.id === userId)?.user.name;
  }

  /** External ids of the members whom a text names by `@name`. */
  mentionsIn(text: string): string[] {
    return this.#members.flatMap(({ user }) => {
      return user.external_id && text.includes(`@${user.name}`) ? [user.external_id] : [];
    });
  }

  /** The thread under a message; the caller closes its timeline. */
  thread(root: string): Talk {
    return new Talk(this, new Timeline(this.client, this.info.id, root), true);
  }

  /** A message came: it is the channel's newest. */
  received(message: Message): void {
    if (message.seq > this.info.last_seq) {
      this.info = { ...this.info, last_message: message, last_seq: message.seq };
    }
    if (message.user_id) this.reads.note(message.user_id, message.seq);
  }

  /** Takes over a change of the channel's newest message. @returns whether it was that one */
  changed(message: ChangedMessage): boolean {
    const last = this.info.last_message;
    if (last?.id !== message.id) return false;
    this.info = { ...this.info, last_message: { ...last, ...message } };
    return true;
  }

  close(): void {
    this.talk.timeline.close();
    this.pins.close();
  }
}

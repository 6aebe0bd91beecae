import { randomUUID } from "node:crypto";
import type { MyChannel } from "../../../../src/protocol/channel.ts";
import type { FrameDown } from "../../../../src/protocol/frames-down.ts";
import type { Member } from "../../../../src/protocol/member.ts";
import type { History, Message, SendMessageBody } from "../../../../src/protocol/message.ts";
import type { User } from "../../../../src/protocol/user.ts";
import { FakeChanges, viewOf } from "./fake-changes.ts";

export interface FakeChannel {
  id: string;
  external_id: string | null;
  type: "direct" | "group";
  name: string | null;
  members: string[];
  messages: Message[];
  /** Seq read up to, by user. */
  read: Map<string, number>;
  /** Emoji by user, by message. */
  reactions: Map<string, Map<string, string>>;
}

/** Which messages a page holds: seqs before or after one, or around a message. */
export interface FakeQuery {
  before?: number;
  after?: number;
  around?: string;
  thread?: string;
}

export type DurableFrame = Extract<FrameDown, { data: { cursor: string } }>;
interface JournalRow {
  channelId: string;
  frame: DurableFrame;
}

const time = (offsetMs = 0) => new Date(Date.now() + offsetMs).toISOString();

/** One workspace in memory: users, channels, messages, and the journal that a resume reads. */
export class FakeWorkspace {
  readonly id = randomUUID();
  readonly users: User[] = [];
  readonly channels: FakeChannel[] = [];
  readonly journal: JournalRow[] = [];
  readonly changes = new FakeChanges(this);
  /** Rows before this index are gone, so that a resume from there is answered by `resync`. */
  trimmedTo = 0;

  addUser(externalId: string, name: string): User {
    const user: User = {
      id: randomUUID(),
      external_id: externalId,
      name,
      avatar_url: null,
      metadata: {},
      created_at: time(),
      updated_at: time(),
    };
    this.users.push(user);
    return user;
  }

  addChannel(externalId: string, type: "direct" | "group", name: string | null, members: User[]): FakeChannel {
    const channel: FakeChannel = {
      id: randomUUID(),
      external_id: externalId,
      type,
      name,
      members: members.map((user) => user.id),
      messages: [],
      read: new Map(),
      reactions: new Map(),
    };
    this.channels.push(channel);
    return channel;
  }

  user(id: string): User {
    const user = this.users.find((one) => one.id === id || one.external_id === id);
    if (!user) throw new Error(`no user ${id}`);
    return user;
  }

  channel(ref: string): FakeChannel | undefined {
    return this.channels.find((channel) => channel.id === ref || channel.external_id === ref);
  }

  cursor(): string {
    return `fake-${this.journal.length.toString(36)}`;
  }

  /** Stores a message once per idempotency key; `event` is missing where it was there before. */
  post(channel: FakeChannel, userId: string, body: SendMessageBody, ageMs = 0) {
    const key = body.idempotency_key;
    const known = channel.messages.find((message) => message.user_id === userId && key && message.client_id === key);
    if (known) return { message: known };
    const message = this.#message(channel, userId, body, ageMs);
    channel.messages.push(message);
    channel.read.set(userId, message.seq);
    const event = this.append(channel, {
      type: "message.created",
      data: { cursor: "", message: viewOf(channel, message, userId) },
    });
    return { message, event };
  }

  read(channel: FakeChannel, userId: string, messageId: string | undefined): DurableFrame | undefined {
    const message = channel.messages.find((one) => one.id === messageId) ?? channel.messages.at(-1);
    if (!message || (channel.read.get(userId) ?? 0) >= message.seq) return undefined;
    channel.read.set(userId, message.seq);
    const data = {
      cursor: "",
      channel_id: channel.id,
      channel_external_id: channel.external_id,
      user_id: userId,
      message_id: message.id,
      seq: message.seq,
      at: time(),
    };
    return this.append(channel, { type: "message.read", data });
  }

  /** The events after a cursor that a user may see; undefined where the journal no longer reaches back. */
  after(cursor: string, userId: string): DurableFrame[] | undefined {
    const seen = Number.parseInt(cursor.slice("fake-".length), 36);
    if (seen < this.trimmedTo) return undefined;
    const rows = this.journal.slice(seen);
    return rows.filter((row) => this.channel(row.channelId)?.members.includes(userId)).map((row) => row.frame);
  }

  history(channel: FakeChannel, userId: string, limit: number, query: FakeQuery): History {
    const all = channel.messages.filter((message) => !query.thread || message.thread_root_id === query.thread);
    const view = (messages: Message[]) => messages.map((message) => viewOf(channel, message, userId)).reverse();
    const as_of = this.cursor();
    if (query.around !== undefined) {
      const at = all.findIndex((message) => message.id === query.around);
      const from = Math.max(0, at - Math.floor(limit / 2));
      const page = all.slice(from, from + limit);
      const cursor = from > 0 ? String(page[0]?.seq) : null;
      return {
        messages: view(page),
        has_more: from > 0,
        next_cursor: cursor,
        prev_cursor: String(page.at(-1)?.seq),
        as_of,
      };
    }
    const { after, before = Number.POSITIVE_INFINITY } = query;
    if (after !== undefined) {
      const newer = all.filter((message) => message.seq > after);
      const page = newer.slice(0, limit);
      const more = newer.length > limit;
      return { messages: view(page), has_more: more, next_cursor: more ? String(page.at(-1)?.seq) : null, as_of };
    }
    const older = all.filter((message) => message.seq < before);
    const page = older.slice(-limit);
    const more = older.length > limit;
    return { messages: view(page), has_more: more, next_cursor: more ? String(page[0]?.seq) : null, as_of };
  }

  pins(channel: FakeChannel, userId: string): History {
    const pinned = channel.messages.filter((message) => message.pinned_at !== null);
    const messages = pinned.map((message) => viewOf(channel, message, userId));
    messages.sort((one, two) => ((one.pinned_at ?? "") < (two.pinned_at ?? "") ? 1 : -1));
    return { messages, has_more: false, next_cursor: null };
  }

  myChannels(userId: string): MyChannel[] {
    const mine = this.channels.filter((channel) => channel.members.includes(userId));
    return mine.map((channel) => {
      const read = channel.read.get(userId) ?? 0;
      return {
        id: channel.id,
        external_id: channel.external_id,
        type: channel.type,
        name: channel.name,
        avatar_url: null,
        created_by: null,
        created_at: time(-30 * 86_400_000),
        updated_at: time(-30 * 86_400_000),
        member_count: channel.members.length,
        last_message: lastOf(channel, userId),
        unread_count: channel.messages.length - read,
        unread_mentions: channel.messages.filter(
          (one) => one.seq > read && one.mentions.some((mention) => mention.user_id === userId),
        ).length,
        last_read_at: null,
        last_delivered_at: null,
        last_seq: channel.messages.length,
        muted: false,
        muted_until: null,
        hidden: false,
      };
    });
  }

  members(channel: FakeChannel): Member[] {
    return channel.members.map((id) => {
      const { external_id, name, avatar_url } = this.user(id);
      const read = channel.messages[(channel.read.get(id) ?? 0) - 1];
      return {
        user: { id, external_id, name, avatar_url },
        role: channel.type === "group" ? "member" : null,
        joined_at: time(),
        last_delivered_at: null,
        last_read_at: read?.created_at ?? null,
      };
    });
  }

  /** Puts an event into the journal; gives it back with its cursor. */
  append(channel: FakeChannel, frame: DurableFrame): DurableFrame {
    const row = { channelId: channel.id, frame: structuredClone(frame) };
    this.journal.push(row);
    row.frame.data.cursor = this.cursor();
    return row.frame;
  }

  #message(channel: FakeChannel, userId: string, body: SendMessageBody, ageMs: number): Message {
    const { id, external_id, name, avatar_url } = this.user(userId);
    const image = body.attachment?.content_type.startsWith("image/");
    return {
      id: randomUUID(),
      channel_id: channel.id,
      channel_external_id: channel.external_id,
      seq: channel.messages.length + 1,
      user: { id, external_id, name, avatar_url },
      user_id: id,
      content: body.content ?? body.text ?? "",
      type: body.type ?? (body.attachment_url ? (image ? "image" : "file") : "text"),
      attachment_url: body.attachment_url ?? null,
      attachment: body.attachment ?? null,
      created_at: time(-ageMs),
      edited_at: null,
      deleted_at: null,
      parent_id: body.parent_id ?? null,
      mentions: (body.mentions ?? []).map((ref) => {
        const named = this.user(ref);
        return { user_id: named.id, external_id: named.external_id, name: named.name };
      }),
      reactions: [],
      metadata: {},
      thread_root_id: body.thread_root_id ?? null,
      reply_count: 0,
      last_repliers: [],
      pinned_at: null,
      streaming: false,
      client_id: body.idempotency_key,
    };
  }
}

function lastOf(channel: FakeChannel, userId: string): Message | null {
  const last = channel.messages.at(-1);
  return last ? viewOf(channel, last, userId) : null;
}

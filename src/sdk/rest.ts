import type { PresignBody, PresignedUpload } from "../protocol/attachment.ts";
import type { MyChannelList } from "../protocol/channel.ts";
import type { Member } from "../protocol/member.ts";
import type { ChangedMessage, History, Message } from "../protocol/message.ts";
import type { SearchPage } from "../protocol/search.ts";
import type { User } from "../protocol/user.ts";
import type { Http } from "./http.ts";
import { stamp } from "./place.ts";

/** Query of a paged list. */
export interface PageQuery {
  limit?: number;
  cursor?: string;
}

/**
 * Query of a history page: the newest messages, those before or after a cursor (`before` takes a page's `next_cursor`,
 * `after` its `prev_cursor`), or those around a message. At most one of the three; a thread takes `before` only.
 */
export interface HistoryQuery {
  limit?: number;
  before?: string;
  after?: string;
  around?: string;
}

export interface MemberList {
  members: Member[];
  has_more: boolean;
  next_cursor: string | null;
}

/** The REST calls of one user. Each throws `KabarError`; a channel is named by its internal or external id. */
export class Rest {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  me(): Promise<User> {
    return this.#http.json({ method: "GET", path: "/v1/me", action: "read the own profile" });
  }

  /** The user's channels by latest activity. */
  myChannels(query: PageQuery = {}): Promise<MyChannelList> {
    return this.#http.json({ method: "GET", path: `/v1/me/channels${search(query)}`, action: "list the channels" });
  }

  /** One page of messages, newest first. */
  history(channel: string, query: HistoryQuery = {}): Promise<History> {
    const path = `${channelPath(channel)}/messages${search(query)}`;
    return this.#http.json<History>({ method: "GET", path, action: "read the history" }).then(stamp);
  }

  /** Finds messages of a channel by their words, best first. */
  search(channel: string, words: string, query: PageQuery = {}): Promise<SearchPage> {
    const path = `${channelPath(channel)}/messages/search${search({ q: words, ...query })}`;
    return this.#http.json({ method: "GET", path, action: "search the channel" });
  }

  message(channel: string, id: string): Promise<Message> {
    return this.#http.json({ method: "GET", path: messagePath(channel, id), action: "read the message" });
  }

  /** One page of the replies under a message, newest first. */
  thread(channel: string, rootId: string, query: HistoryQuery = {}): Promise<History> {
    const path = `${messagePath(channel, rootId)}/thread${search(query)}`;
    return this.#http.json<History>({ method: "GET", path, action: "read the thread" }).then(stamp);
  }

  /** One page of pinned messages, last pinned first. */
  pins(channel: string, query: PageQuery = {}): Promise<History> {
    const path = `${channelPath(channel)}/pins${search(query)}`;
    return this.#http.json({ method: "GET", path, action: "list the pinned messages" });
  }

  pin(channel: string, id: string, pinned: boolean): Promise<ChangedMessage> {
    const path = `${messagePath(channel, id)}/pin`;
    const [method, verb] = pinned ? (["PUT", "pin"] as const) : (["DELETE", "unpin"] as const);
    return this.#http.json({ method, path, action: `${verb} the message` });
  }

  members(channel: string, query: PageQuery = {}): Promise<MemberList> {
    const path = `${channelPath(channel)}/members${search(query)}`;
    return this.#http.json({ method: "GET", path, action: "list the members" });
  }

  /** Marks the channel read up to a message; without one, up to the newest. */
  async markRead(channel: string, messageId?: string): Promise<void> {
    const body = { message_id: messageId };
    await this.#http.json({
      method: "POST",
      path: `${channelPath(channel)}/read`,
      body,
      action: "mark the channel read",
    });
  }

  /** Where to upload a file, and where it will be read from. */
  presign(body: PresignBody): Promise<PresignedUpload> {
    return this.#http.json({ method: "POST", path: "/v1/attachments/presign", body, action: "prepare the upload" });
  }
}

function channelPath(channel: string): string {
  return `/v1/channels/${encodeURIComponent(channel)}`;
}

function messagePath(channel: string, id: string): string {
  return `${channelPath(channel)}/messages/${encodeURIComponent(id)}`;
}

function search(query: object): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return params.size > 0 ? `?${params}` : "";
}

import type { PresignBody, PresignedUpload } from "../protocol/attachment.ts";
import type { MyChannelList } from "../protocol/channel.ts";
import type { Member } from "../protocol/member.ts";
import type { History } from "../protocol/message.ts";
import type { User } from "../protocol/user.ts";
import type { Http } from "./http.ts";

/** Query of a paged list. */
export interface PageQuery {
  limit?: number;
  cursor?: string;
}

/** Query of a history page: the newest messages, or those before a page's `next_cursor`. */
export interface HistoryQuery {
  limit?: number;
  before?: string;
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
    return this.#http.json({ method: "GET", path, action: "read the history" });
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

function search(query: PageQuery & HistoryQuery): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return params.size > 0 ? `?${params}` : "";
}

import type { ChannelType } from "../protocol/channel.ts";
import type { ErrorCode, ErrorDetail } from "../protocol/errors.ts";
import type { Role } from "../protocol/member.ts";
import type { ChangedMessage, EditMessageBody, Message, SendMessageBody } from "../protocol/message.ts";
import type { PresenceStatus } from "../protocol/presence.ts";
import type { StreamPlace } from "../protocol/stream.ts";
import type { User } from "../protocol/user.ts";
import type { DeliveryStatus, WebhookDelivery, WebhookEvent } from "../protocol/webhook.ts";
import type { WorkspaceSettings } from "../protocol/workspace.ts";
import type { TextPiece } from "./text-pieces.ts";

/**
 * What the Worker and a workspace's hub say to each other. Not on the wire: plain data over Durable Object RPC.
 * Refusals travel as values, since a stub that threw is broken for good.
 */
export type HubResult<Value> = { ok: true; value: Value } | { ok: false; error: HubError };

export interface HubError {
  code: ErrorCode;
  message: string;
  details?: ErrorDetail[];
  /** Seconds. */
  retryAfter?: number;
}

/** A user as the hub keeps it; `version` tells which of two profiles is newer. */
export interface UserProfile {
  id: string;
  external_id: string;
  name: string;
  avatar_url: string | null;
  version: number;
}

export interface ChannelInfo {
  id: string;
  external_id: string | null;
  type: ChannelType;
  name: string | null;
  avatar_url: string | null;
  created_by: string | null;
  created_at: string;
  updated_at: string;
}

export interface Membership {
  user_id: string;
  role: Role | null;
  joined_at: string;
}

/** A membership with its cursors: everything up to these message seqs is read and delivered. */
export interface MembershipWithCursors extends Membership {
  read_seq: number;
  delivered_seq: number;
}

/** A channel with all its members as Postgres has it at `version`. */
export interface ChannelSnapshot {
  channel: ChannelInfo;
  version: number;
  /** Of the newest archived message. */
  last_seq: number;
  last_message_id: string | null;
  deleted: boolean;
  members: MembershipWithCursors[];
  users: UserProfile[];
  /** Who may not write, members or not. Absent for nobody. */
  mutes?: { user_id: string; until: string | null }[];
}

/**
 * One committed change of a channel. It takes a hub that knows `version - 1` to `version`; a hub that is further
 * behind pulls a snapshot instead.
 */
export interface ChannelChange {
  channel: ChannelInfo;
  version: number;
  deleted: boolean;
  /** True where name or picture changed. */
  updated: boolean;
  /** New or changed memberships, with the profiles of their users. */
  joined: Membership[];
  users: UserProfile[];
  roleChanged: Membership[];
  left: string[];
}

/** Who acts: a workspace key may name any user and needs no role. */
export interface SendCommand {
  /** Internal or external id. */
  channel: string;
  sender: { userId: string } | { userRef: string } | { system: true };
  body: Omit<SendMessageBody, "user_id">;
}

/** Who changes something: an end user, or the workspace's server, which needs no role. */
export type Actor = { userId: string } | { workspace: true };

export interface EditCommand {
  /** Internal or external id. */
  channel: string;
  messageId: string;
  actor: Actor;
  body: EditMessageBody;
}

export interface UnsendCommand {
  channel: string;
  messageId: string;
  actor: Actor;
}

export interface ReactCommand {
  channel: string;
  messageId: string;
  userId: string;
  /** Undefined takes the user's reaction away, whatever it is. */
  emoji: string | undefined;
  /** With a reaction to take away: only if it is this one. */
  only?: string;
}

export interface PinCommand {
  channel: string;
  messageId: string;
  actor: Actor;
  pinned: boolean;
}

/** Ends a mute where `muted` is false. */
export interface MuteCommand {
  channel: string;
  /** Internal id; need not be a member. */
  userId: string;
  actor: Actor;
  muted: boolean;
  /** Null for good. */
  until: string | null;
}

/** A piece of a stream's text; `offset` in UTF-16 code units. */
export interface StreamAppendCommand {
  channel: string;
  messageId: string;
  actor: Actor;
  offset: number;
  delta: string;
}

export interface StreamEndCommand {
  channel: string;
  messageId: string;
  actor: Actor;
  /** In place of the text that was streamed. */
  content?: string;
  /** Ends it as broken off. */
  aborted?: boolean;
}

/** One message, by internal ids. */
export interface MessageRef {
  channelId: string;
  messageId: string;
}

/** A webhook as the hub needs it. */
export interface WebhookConfig {
  id: string;
  url: string;
  secret: string;
  /** Empty for all. */
  events: WebhookEvent[];
  enabled: boolean;
  /** Rises each time that it is enabled: then failures of before no longer count. */
  activation: number;
  created_at: string;
}

/** All webhooks of a workspace; `version` rises with each change of any. */
export interface WebhookSnapshot {
  version: number;
  webhooks: WebhookConfig[];
}

export interface DeliveryQuery {
  webhookId: string;
  status?: DeliveryStatus;
  /** Only deliveries with a lower number. */
  before?: number;
  limit: number;
}

/** A delivery with its number, which is the order of the list. */
export interface NumberedDelivery {
  number: number;
  delivery: WebhookDelivery;
}

export interface SendOutcome {
  message: Message;
  /** True where the idempotency key had been used: this is the message of then. */
  replayed: boolean;
}

/**
 * What a reader of Postgres is about to look at: a channel, all of a user's channels, or everything. With `tailFor` (a user's id, null for
 * a workspace key) a reader of a channel's newest messages adds to what Postgres has, and need not wait for it.
 */
export type SettledScope = { channel: string; tailFor?: string | null } | { userId: string } | { workspace: true };

/** How far the archive has come with what a read is about to look at. */
export interface Settled {
  /** False where the archive did not answer in time: Postgres lacks the newest events. */
  archived: boolean;
  /** Seq of the channel's newest message, 0 for none or an unknown channel. */
  lastSeq: number;
  /**
   * Place in the journal of the channel's newest event that Postgres shows: a read that does not reach it ran too early.
   * Undefined where nothing happened to the channel for so long that no read can have missed it.
   */
  changed: { epoch: string; seq: number } | undefined;
  /** Instead of waiting: what Postgres lacks beyond `changed`, where that is nothing but new messages. */
  tail?: Tail;
}

/** New messages of a channel, newest first, and the place in the journal of the channel's newest event. */
export interface Tail {
  messages: Message[];
  changed: { epoch: string; seq: number };
}

export interface TailPage {
  messages: Message[];
  hasMore: boolean;
}

/** Asks for a page from the hub's copies: of the newest messages, or of those below a seq. */
export interface HeldPageRequest {
  /** Internal or external id. */
  channel: string;
  /** Undefined for a workspace key, which sees all channels. */
  userId?: string;
  before?: number;
  limit: number;
}

/** A page of which the hub has a copy, as one reader sees it. */
export interface HeldPage {
  /** JSON text of `Message`s, newest first, with commas between and nothing around. */
  messages: TextPiece[];
  hasMore: boolean;
  /** Seq of its last message; undefined for a page without any. */
  oldestSeq: number | undefined;
  /** Newest place in the journal: the page shows everything up to it. */
  place: { epoch: string; seq: number };
}

/** The hub holds no copy of a page for this reader. */
export interface NoHeldPage {
  /** True while Postgres lacks a change of the channel that is more than a new message. */
  behind: boolean;
}

export interface HubStats {
  epoch: string;
  head: number;
  archived: number;
  parked: number;
  connections: number;
  users: number;
  /** Messages since midnight UTC, as far as the journal reaches back. */
  messagesToday: number;
}

/** How far a user's erasure is. */
export interface ErasureProgress {
  user_id: string;
  state: "running" | "done";
  /** Messages erased so far. */
  messages: number;
}

/** The hub's RPC surface. */
export interface HubRpc {
  /** Appends a message and answers when it is durable. */
  sendMessage(command: SendCommand): Promise<HubResult<SendOutcome>>;
  /** Changes a message's text. The answer is the message as it is now; a change of nothing is no event. */
  editMessage(command: EditCommand): Promise<HubResult<ChangedMessage>>;
  /** Blanks a message for good; repeats answer the same tombstone. */
  unsendMessage(command: UnsendCommand): Promise<HubResult<ChangedMessage>>;
  /** Sets or takes away a user's one reaction to a message; repeats are no events. */
  react(command: ReactCommand): Promise<HubResult<null>>;
  pinMessage(command: PinCommand): Promise<HubResult<ChangedMessage>>;
  /** Adds to a stream's text and answers when it is durable. */
  appendStream(command: StreamAppendCommand): Promise<HubResult<StreamPlace>>;
  /** Ends a stream; repeats answer the message as it is. */
  endStream(command: StreamEndCommand): Promise<HubResult<ChangedMessage>>;
  /** Messages as they are now, the text of open streams included; those that are not there are left out. */
  currentMessages(refs: MessageRef[]): Promise<HubResult<ChangedMessage[]>>;
  /** Mutes a user in a channel, or ends a mute; repeats are no events. */
  muteMember(command: MuteCommand): Promise<HubResult<null>>;
  /** Takes over the workspace's settings where they are newer. */
  applySettings(version: number, settings: WorkspaceSettings): Promise<HubResult<null>>;
  /** Forward-only read or delivered cursor of a member; without `messageId` up to the newest message. */
  receipt(command: ReceiptCommand): Promise<HubResult<null>>;
  /** Brings a channel to `version`. Without `change`, or where it does not fit, the hub pulls from Postgres. */
  applyChannel(channelId: string, version: number, change?: ChannelChange): Promise<HubResult<null>>;
  /** Refreshes the profile of a user the hub already knows. */
  applyUser(user: UserProfile): Promise<HubResult<null>>;
  /** Devices, push mutes or blocks of users have changed in Postgres. */
  pushChanged(userIds: string[]): Promise<HubResult<null>>;
  /** Removes a user and begins to take it out of everything; when it answers, the user is gone. A repeat tells how far it is. */
  eraseUser(userId: string, externalId: string | null): Promise<HubResult<ErasureProgress>>;
  /** How far an erasure is, by internal id, or by external id while it runs; null for none. */
  erasure(ref: string): Promise<HubResult<ErasureProgress | null>>;
  /** Forgets a deleted user and closes its sockets. Its channels are told through `applyChannel`. */
  removeUser(userId: string): Promise<HubResult<null>>;
  /** Returns when all messages of the channel (internal or external id; or of all of the user's channels, or of all) are in Postgres, or after ~1 s; with `tailFor` at once where it has a tail. */
  settled(scope: SettledScope): Promise<Settled>;
  /** Newest messages with `seq < before`, newest first, out of the journal. For when Postgres is away. */
  journalPage(request: JournalPageRequest): Promise<HubResult<TailPage>>;
  stats(): Promise<HubStats>;
  /** How these users (internal ids) are; empty where the workspace has presence off. Who may ask is the caller's to say. */
  presenceOf(userIds: string[]): Promise<HubResult<PresenceOf[]>>;
  /** Takes over the workspace's webhooks where they are newer. */
  applyWebhooks(snapshot: WebhookSnapshot): Promise<HubResult<null>>;
  /** Tells webhooks of a new user; a repeat for the same user tells nobody. */
  announceUser(user: User): Promise<HubResult<null>>;
  /** Deliveries of a webhook, newest first. */
  webhookDeliveries(query: DeliveryQuery): Promise<HubResult<NumberedDelivery[]>>;
  /** Queues a test event, one at a time. */
  testWebhook(webhookId: string): Promise<HubResult<WebhookDelivery>>;
  /** Queues a delivery again that has ended, or makes a pending one due now. */
  redeliver(webhookId: string, number: number): Promise<HubResult<WebhookDelivery>>;
}

/** How a user is, as others may see it. */
export interface PresenceOf {
  user_id: string;
  status: PresenceStatus;
  last_seen_at: string | null;
}

export interface ReceiptCommand {
  kind: "read" | "delivered";
  channel: string;
  userId: string;
  messageId?: string;
}

export interface JournalPageRequest {
  channel: string;
  /** Undefined for a workspace key, which sees all channels. */
  userId?: string;
  before?: number;
  limit: number;
}

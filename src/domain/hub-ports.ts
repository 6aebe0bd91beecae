import type { ChangedMessage, Message } from "../protocol/message.ts";
import type { AuditEntry, ModerationAct } from "../protocol/moderation.ts";
import type { WorkspaceSettings } from "../protocol/workspace.ts";
import type { ChannelChange, ChannelSnapshot, WebhookSnapshot } from "./hub-contract.ts";
import type { PushDevice, PushNotification, PushOutcome, PushProfile } from "./push.ts";

/** What a hub needs of the world outside, as interfaces: the shell brings real ones, tests bring their own. */

/** A message's row as it must be after a batch: new, or in the place of the row that is there. */
export type ArchivedMessage = ChangedMessage & { client_id: string | null };

/** A user's reaction to a message as it must be after a batch; null for none. */
export interface ArchivedReaction {
  message_id: string;
  user_id: string;
  emoji: string | null;
  at: string;
}

/** A message with who reacted how. */
export interface StoredMessage {
  message: ChangedMessage;
  /** User id → emoji. */
  reactions: Record<string, string>;
}

/** Everything up to these message seqs is read and delivered. */
export interface ArchivedCursor {
  channel_id: string;
  user_id: string;
  read_seq: number;
  /** Null for a newcomer's starting point, which nobody has read. */
  read_at: string | null;
  delivered_seq: number;
  delivered_at: string | null;
}

/** Whether a user is muted in a channel after a batch. */
export interface ArchivedMute {
  channel_id: string;
  user_id: string;
  muted: boolean;
  until: string | null;
  muted_by: string | null;
  rule: string | null;
  at: string;
}

/** An act of moderation for the audit log. */
export interface ArchivedAct {
  id: string;
  act: ModerationAct;
  actor: AuditEntry["actor"];
  actor_id: string | null;
  channel_id: string;
  user_id: string | null;
  message_id: string | null;
  details: Record<string, unknown>;
  at: string;
}

/** A run of journal events from `firstSeq` to `lastSeq`. */
export interface ArchiveBatch {
  epoch: string;
  firstSeq: number;
  lastSeq: number;
  messages: ArchivedMessage[];
  reactions: ArchivedReaction[];
  /** Channel → journal seq of its newest event in the batch. */
  channels: Record<string, number>;
  /** Thread root → by how much its count of replies changes. */
  replies: Record<string, number>;
  cursors: ArchivedCursor[];
  mutes: ArchivedMute[];
  acts: ArchivedAct[];
}

export interface ArchiveReceipt {
  /** False where the archive had the batch's first event already: then nothing was written, and `before` says how far it is. */
  applied: boolean;
  /** Versions of the batch's channels in Postgres: the hub's copy of a channel may be behind. */
  versions: Map<string, number>;
  /** How far the archive had come before, undefined for a new workspace. */
  before: { epoch: string; seq: number } | undefined;
}

/** Postgres refuses this very data; sending it again cannot help. */
export class ArchiveRejected extends Error {}

/** The hub's only way to Postgres. Any error but `ArchiveRejected` means: try again later. */
export interface Archive {
  /** Writes a batch as a whole or not at all, and each event once: one that does not begin behind the watermark is not applied. */
  write(batch: ArchiveBatch): Promise<ArchiveReceipt>;
  /** A message of a channel by id; undefined where Postgres has none. */
  findMessage(channelId: string, messageId: string): Promise<StoredMessage | undefined>;
}

/** A message as it is for everybody, and what of it depends on who reads it. */
export interface NeutralMessage {
  /** Without an idempotency key, and as if the reader had not reacted. */
  message: Message;
  /** For its author alone. */
  clientId: string | null;
  /** Emoji → ids of the users who reacted so. */
  reactors: Record<string, string[]>;
}

/** What the hub keeps copies of for readers. Throws where Postgres does not answer. */
export interface HistorySource {
  /** Messages with `from <= seq < below`, newest first, and the channel's newest seq, all of one moment; undefined where there is no such channel. */
  read(
    channelId: string,
    from: number,
    below: number,
  ): Promise<{ messages: NeutralMessage[]; lastSeq: number } | undefined>;
  /** Whether a user blocks anybody. */
  isBlocking(userId: string): Promise<boolean>;
  /** Users of the workspace who block anybody, at most `limit`. */
  blockers(limit: number): Promise<string[]>;
}

/** Reads a channel with its members from Postgres. Throws where Postgres does not answer. */
export interface ChannelSource {
  /** By internal or external id; undefined where the workspace has no such channel. */
  load(ref: string): Promise<ChannelSnapshot | undefined>;
}

/** The workspace's settings in Postgres. Throws where it does not answer. */
export interface SettingsSource {
  /** Undefined where Postgres does not know the workspace. */
  load(): Promise<{ version: number; settings: WorkspaceSettings } | undefined>;
}

/** Where message budgets outlive the hub's memory. */
export interface BudgetStore {
  /**
   * Takes `count` messages from the budget that each of these users has in the running minute, by one request for all.
   *
   * @returns for each of them 0 when granted, else milliseconds until asking again makes sense. Throws where the store does not answer.
   */
  lease(userIds: readonly string[], count: number): Promise<number[]>;
}

/** What Postgres knows of pushes. All of it throws where Postgres does not answer. */
export interface PushSource {
  /** Profiles of users; those who do not exist are left out. */
  load(userIds: readonly string[]): Promise<PushProfile[]>;
  /** Forgets a device that its push service does not know any more, unless another user has it by now. */
  dropDevice(userId: string, token: string): Promise<void>;
}

/** The push services. */
export interface PushSender {
  /** Names what serves the device, so that one service's trouble delays only its own pushes; undefined where nothing does. */
  laneOf(device: PushDevice): string | undefined;
  /** Never throws. */
  send(device: PushDevice, notification: PushNotification): Promise<PushOutcome>;
}

/** A signed request to a customer's server. */
export interface HookRequest {
  url: string;
  /** `whsec_…`; undefined sends it unsigned. */
  secret: string | undefined;
  /** `evt_…`, the same in each attempt. */
  eventId: string;
  event: string;
  /** JSON text. */
  body: string;
  /** Unix milliseconds that the signature names. */
  at: number;
  timeoutMs: number;
}

/** An HTTP answer, whatever its status, or why there was none; `final` where no attempt can succeed. */
export type HookOutcome = { status: number; text: string } | { error: string; final?: boolean };

/** Requests to customers' servers. Follows no redirects; reaches no private address unless the deployment allows it. */
export interface HookSender {
  /** Never throws. The text is empty where the request did not ask for it. */
  send(request: HookRequest, options?: { readBody?: boolean }): Promise<HookOutcome>;
}

/** A workspace's webhooks in Postgres. Both throw where it does not answer. */
export interface WebhookSource {
  load(): Promise<WebhookSnapshot>;
  /** Disables a webhook after failures, unless it was enabled again since `activation`; answers what holds then. */
  disable(webhookId: string, activation: number): Promise<WebhookSnapshot>;
}

/** A piece of a list, and the place behind which the next one begins; undefined after the last. */
export interface Slice<Item> {
  items: Item[];
  next: string | undefined;
}

/** A user's traces in Postgres. All of it throws where Postgres does not answer, and may be repeated. */
export interface ErasureStore {
  /** Deletes profile and memberships. Answers what that did to each channel; a repeat did nothing. */
  removeUser(userId: string): Promise<{ channelId: string; version: number; change: ChannelChange | undefined }[]>;
  /** Messages that the user wrote and that are not unsent. */
  messagesBy(userId: string, after: string | null, limit: number): Promise<Slice<ChangedMessage>>;
  reactionsBy(
    userId: string,
    after: string | null,
    limit: number,
  ): Promise<Slice<{ channel_id: string; channel_external_id: string | null; message_id: string; emoji: string }>>;
  /** Messages that mention the user. */
  mentionsOf(userId: string, after: string | null, limit: number): Promise<Slice<ChangedMessage>>;
  /** Takes the user out of what no event of the hub changes: complaints and the like. */
  forget(userId: string): Promise<void>;
}

export interface ExpiredMessage {
  id: string;
  channel_id: string;
  seq: number;
  attachment_url: string | null;
}

/** Messages that are too old to be kept. Both throw where Postgres does not answer. */
export interface RetentionStore {
  /** At most `limit` messages that were created before a time, oldest first. */
  expired(before: string, limit: number): Promise<ExpiredMessage[]>;
  /** Removes messages with their reactions and mentions. Those who had not read them have nothing to read of them. */
  remove(messageIds: readonly string[]): Promise<void>;
}

/** The workspace's part of the object store. */
export interface FileStore {
  /** True for the address of a file of this workspace. */
  owns(url: string): boolean;
  /** True where a message that is not unsent shows the file. Throws where Postgres does not answer. */
  isUsed(url: string): Promise<boolean>;
  /** Removes a file; one that is not there is removed. Throws where the store does not. */
  remove(url: string): Promise<void>;
}

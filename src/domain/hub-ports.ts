import type { ChangedMessage } from "../protocol/message.ts";
import type { ChannelSnapshot } from "./hub-contract.ts";

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

/** Reads a channel with its members from Postgres. Throws where Postgres does not answer. */
export interface ChannelSource {
  /** By internal or external id; undefined where the workspace has no such channel. */
  load(ref: string): Promise<ChannelSnapshot | undefined>;
}

/** Where message budgets outlive the hub's memory. */
export interface BudgetStore {
  /**
   * Takes `count` messages from the user's budget of the running minute.
   *
   * @returns 0 when granted, else milliseconds until asking again makes sense. Throws where the store does not answer.
   */
  lease(userId: string, count: number): Promise<number>;
}

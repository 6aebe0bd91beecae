import type { DurableType } from "../protocol/frames-down.ts";

/**
 * Members up to which a channel counts as small. In a larger one, receipts, typing and presence would cost the square of
 * its size, so receipts go only to the reader's own devices, and signals to nobody.
 */
export const SMALL_CHANNEL_MEMBERS = 100;

/** Members up to which everybody in a channel is told who has read; above it only those whose messages were read. */
export const SHARED_READS_MEMBERS = 20;

export type ReceiptKind = "read" | "delivered";

/**
 * Who learns of a receipt besides the devices of its own user. `authors` are those of the messages that it newly covers:
 * each message is then told of once per member, so that N receipts cost N frames and not N².
 */
export function receiptAudience(kind: ReceiptKind, memberCount: number): "nobody" | "authors" | "members" {
  if (memberCount > SMALL_CHANNEL_MEMBERS) return "nobody";
  return kind === "read" && memberCount <= SHARED_READS_MEMBERS ? "members" : "authors";
}

/** What of a stored event decides who may see it. */
export interface AudienceFacts {
  type: DurableType;
  userId: string | null;
  /** The members who see the event besides its own user; undefined for all. Fixed when the event was appended. */
  audience?: readonly string[] | undefined;
}

/**
 * The members entitled to an event, undefined for all of them. The one rule for live fan-out and resume alike.
 *
 * @param sharesReceipts the workspace's switch: while it is off a receipt, also an old one, is for its own user only
 */
export function entitledUsers(event: AudienceFacts, sharesReceipts: boolean): readonly string[] | undefined {
  const own = event.userId === null ? [] : [event.userId];
  if (!sharesReceipts && isReceipt(event.type)) return own;
  return event.audience === undefined ? undefined : [...own, ...event.audience.filter((id) => id !== event.userId)];
}

function isReceipt(type: DurableType): boolean {
  return type === "message.read" || type === "message.delivered";
}

import type { DurableType } from "../protocol/frames-down.ts";

/**
 * Members up to which a channel counts as small. In a larger one, receipts and typing would cost the square of its
 * size, so receipts go only to the reader's own devices and typing to nobody.
 */
export const SMALL_CHANNEL_MEMBERS = 100;

/** True for an event that only the user who caused it should see. */
export function isOwnOnly(type: DurableType, memberCount: number): boolean {
  return (type === "message.read" || type === "message.delivered") && memberCount > SMALL_CHANNEL_MEMBERS;
}

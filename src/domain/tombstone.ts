import type { ChangedMessage } from "../protocol/message.ts";

/** What of a message is gone when it is unsent or erased; its time is beside it. */
export const BLANKED = {
  content: "",
  attachment_url: null,
  attachment: null,
  mentions: [],
  metadata: {},
  pinned_at: null,
  streaming: false,
} satisfies Partial<ChangedMessage>;

/** What is left of a message that is unsent: its place, its author, and when. `at` is an RFC 3339 time. */
export function tombstoneOf(message: ChangedMessage, at: string): ChangedMessage {
  const { quoted_message: _quoted, ...kept } = message;
  return { ...kept, ...BLANKED, deleted_at: at };
}

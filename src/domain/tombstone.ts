import type { ChangedMessage } from "../protocol/message.ts";

/** What is left of a message that is unsent: its place, its author, and when. `at` is an RFC 3339 time. */
export function tombstoneOf(message: ChangedMessage, at: string): ChangedMessage {
  const { quoted_message: _quoted, ...kept } = message;
  return {
    ...kept,
    content: "",
    attachment_url: null,
    attachment: null,
    mentions: [],
    metadata: {},
    pinned_at: null,
    streaming: false,
    deleted_at: at,
  };
}

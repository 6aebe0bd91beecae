import type { ConnectionState } from "../sdk/index.ts";
import type { Talk } from "./talk.ts";

export interface Notice {
  kind: "error" | "info";
  text: string;
}

export interface PaneEvents {
  /** The list, an unread count, or which channel is open. */
  channels: undefined;
  /** Members or read positions of one channel. */
  conversation: string;
  typing: string;
  /** Somebody came, went away, or left. */
  presence: undefined;
  /** The thread that is open beside the conversation. */
  thread: Talk | undefined;
  connection: ConnectionState;
  notice: Notice;
  /** A new message, to be said to those who do not see it. */
  announce: string;
}

import type { ConnectionState, MyChannel } from "../sdk/index.ts";
import type { Conversation } from "./conversation.ts";

/** A channel of the list, with its conversation. */
export interface ChannelEntry {
  info: MyChannel;
  unread: number;
  /** Ids of those who type now. */
  typing: string[];
  conversation: Conversation;
}

export interface Notice {
  kind: "error" | "info";
  text: string;
}

export interface PaneEvents {
  /** The list, an unread count, or which channel is open. */
  channels: undefined;
  /** Messages, their status, or the members of one channel. */
  conversation: string;
  typing: string;
  connection: ConnectionState;
  notice: Notice;
}

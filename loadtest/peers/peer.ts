import type { WorkName } from "./result-schema.ts";

/** One server that takes part in the comparison, and what the bench needs of it. Everything speaks to loopback only. */
export interface Peer {
  /** As in the tables, such as `ejabberd`. */
  readonly name: string;
  /** What is on, in one line: protocol, what is stored, when it answers. */
  readonly setup: string;
  /** What it takes part in; everything without it. */
  readonly works?: readonly WorkName[];
  /** Undefined where it can be started on this machine, else why not and how to install it. */
  missing(): string | undefined;
  /**
   * Starts the server on free ports with its files in `folder`, which is empty and is removed afterwards.
   *
   * @throws LoadError where it does not get ready
   */
  start(folder: string): Promise<RunningPeer>;
}

/** Called for every piece of application data that reaches a member; it may carry any number of messages. `at` is of `performance.now()`. */
export type Heard = (member: number, bytes: Buffer, at: number) => void;

export interface RunningPeer {
  /** Version of the server's software. */
  readonly version: string;
  /** Processes that serve: their memory and processor time are the server's. */
  readonly pids: readonly number[];
  /**
   * Makes what `join` would make of groups before it connects anybody (users, credentials), and starts the server anew, which then
   * holds nothing of that work. Absent where there is nothing to make.
   */
  prepare?(groups: readonly PlannedGroup[]): Promise<void>;
  /** Connects the members of a new group, all of whom receive what one sends, and waits until each is a member. */
  join(group: string, members: number, heard: Heard): Promise<GroupMember[]>;
  /** History of one long channel; absent where the peer keeps none. */
  readonly history?: PeerHistory;
  /** Ends the server's processes. */
  stop(): Promise<void>;
}

export interface PlannedGroup {
  group: string;
  members: number;
}

export interface GroupMember {
  /** Sends one message with this content (ASCII, without quotes or markup) to the group. */
  send(content: string): void;
  /** The same, settled when the server has said that it is stored; absent where it never says so. */
  store?(content: string): Promise<void>;
  /** The protocol's own round trip without work; absent where it has none. */
  ping?(): Promise<void>;
  close(): void;
}

export interface PeerHistory {
  /** Makes the channel this long, each message with `bytes` of content, in whatever way is fastest and still its own. */
  fill(messages: number, bytes: number): Promise<void>;
  openReader(): Promise<HistoryReader>;
}

export interface HistoryReader {
  /** Reads `limit` messages that end at a place between 0 (oldest) and 1 (newest) of the channel; answers how many came. */
  page(place: number, limit: number): Promise<number>;
  close(): void;
}

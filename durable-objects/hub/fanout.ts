import { isOwnOnly } from "../../src/domain/audience.ts";
import { encodeResumeCursor } from "../../src/domain/resume-cursor.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { Directory } from "./directory.ts";
import { encodeEvent, encodeMentioned } from "./encode.ts";
import type { Journal, JournalEvent } from "./journal.ts";
import type { HubRuntime } from "./storage.ts";

interface Pending {
  event: JournalEvent;
  /** Users who get it besides the members: those who have just left. */
  besides: readonly string[] | undefined;
}

/**
 * Sends appended events to every entitled socket: in journal order, in the turn after the one that appended them, so
 * that the acknowledgement leaves first.
 */
export class Fanout {
  readonly #connections: Connections;
  readonly #directory: Directory;
  readonly #journal: Journal;
  readonly #runtime: HubRuntime;
  #queue: Pending[] = [];
  #scheduled = false;

  constructor(parts: { connections: Connections; directory: Directory; journal: Journal; runtime: HubRuntime }) {
    this.#connections = parts.connections;
    this.#directory = parts.directory;
    this.#journal = parts.journal;
    this.#runtime = parts.runtime;
  }

  enqueue(event: JournalEvent, besides?: readonly string[]): void {
    this.#queue.push({ event, besides });
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#runtime.defer(0, () => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Sends everything that waits, now. */
  flush(): void {
    if (this.#queue.length === 0) return;
    const queue = this.#queue;
    this.#queue = [];
    for (const pending of queue) this.#deliver(pending);
  }

  /** Sends one encoded signal to the channel's members except `exceptUserId`. */
  signal(channelId: string, frame: string, exceptUserId: string): void {
    this.#eachRecipient(channelId, undefined, (connection) => {
      if (connection.userId !== exceptUserId) connection.send(frame);
    });
  }

  #deliver({ event, besides }: Pending): void {
    const cursor = encodeResumeCursor({ epoch: this.#journal.epoch, seq: event.seq });
    const frame = encodeEvent(event, cursor, false);
    // Only the sender's own connections see its idempotency key.
    const ownFrame = event.clientId === null ? frame : encodeEvent(event, cursor, true);
    const deliver = (connection: Connection) => {
      connection.deliver(event.seq, connection.userId === event.userId ? ownFrame : frame);
    };
    const memberCount = this.#directory.channel(event.channelId)?.members.size ?? 0;
    if (event.userId !== null && isOwnOnly(event.type, memberCount)) {
      for (const connection of this.#connections.of(event.userId)) deliver(connection);
    } else this.#eachRecipient(event.channelId, besides, deliver);
    const mentioned = encodeMentioned(event, cursor);
    if (mentioned === undefined) return;
    const members = this.#directory.channel(event.channelId)?.members;
    for (const userId of mentioned.userIds) {
      if (!members?.has(userId)) continue;
      for (const connection of this.#connections.of(userId)) connection.deliver(event.seq, mentioned.frame);
    }
  }

  #eachRecipient(channelId: string, besides: readonly string[] | undefined, send: (connection: Connection) => void) {
    const members = this.#directory.channel(channelId)?.members;
    if (members === undefined) return;
    for (const userId of besides ?? []) {
      if (!members.has(userId)) for (const connection of this.#connections.of(userId)) send(connection);
    }
    // Walk whichever is smaller: the channel's members or the workspace's connected users.
    if (members.size <= this.#connections.userCount) {
      for (const userId of members.keys()) for (const connection of this.#connections.of(userId)) send(connection);
    } else {
      for (const [userId, own] of this.#connections.byUser) {
        if (members.has(userId)) for (const connection of own) send(connection);
      }
    }
  }
}

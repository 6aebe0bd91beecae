import { entitledUsers } from "../../src/domain/audience.ts";
import { encodeResumeCursor } from "../../src/domain/resume-cursor.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { Directory } from "./directory.ts";
import { encodeEvent, encodeMentioned } from "./encode.ts";
import type { Journal, JournalEvent } from "./journal.ts";
import { Outlet } from "./outlet.ts";
import type { HubRuntime } from "./storage.ts";

/** Under a steady stream of sends the run-time puts off the turn after; deliveries must not wait behind it. */
const MAX_WAIT_MS = 10;

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
  readonly #outlet: Outlet;
  readonly #sharesReceipts: () => boolean;
  #queue: Pending[] = [];
  #scheduled = false;
  #waitingSince = 0;

  constructor(parts: {
    connections: Connections;
    directory: Directory;
    journal: Journal;
    runtime: HubRuntime;
    /** The workspace's switch for read receipts. */
    sharesReceipts(): boolean;
  }) {
    this.#sharesReceipts = parts.sharesReceipts;
    this.#connections = parts.connections;
    this.#directory = parts.directory;
    this.#journal = parts.journal;
    this.#runtime = parts.runtime;
    this.#outlet = new Outlet(parts.runtime);
  }

  /** Hands an event over. It goes out in the next turn, or at once where turns have been full of sends for too long. */
  enqueue(event: JournalEvent, besides?: readonly string[]): void {
    const now = this.#runtime.now();
    if (this.#queue.length === 0) this.#waitingSince = now;
    this.#queue.push({ event, besides });
    if (now - this.#waitingSince > MAX_WAIT_MS) this.#drain();
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#runtime.defer(0, () => {
      this.#scheduled = false;
      this.#drain();
    });
  }

  /** Sends everything that waits, now. */
  flush(): void {
    this.#drain();
    this.#outlet.flush();
  }

  #drain(): void {
    if (this.#queue.length === 0) return;
    const queue = this.#queue;
    this.#queue = [];
    this.#outlet.round(queue.length, () => {
      for (const pending of queue) this.#deliver(pending);
    });
  }

  /** Sends one encoded signal to the channel's members except `exceptUserId`. */
  signal(channelId: string, frame: string, exceptUserId: string): void {
    this.#outlet.round(1, () =>
      this.#eachRecipient(channelId, undefined, (connection) => {
        if (connection.userId !== exceptUserId) this.#outlet.send(connection, frame);
      }),
    );
  }

  /** Sends one encoded signal to connections, wherever they belong. */
  signalTo(recipients: Iterable<Connection>, frame: string): void {
    this.#outlet.round(1, () => {
      for (const connection of recipients) this.#outlet.send(connection, frame);
    });
  }

  /**
   * Sends one encoded signal to the channel's members, behind every event that waits, so that it may build on them.
   * Connections that are held get none: what they need of it comes when they go live.
   */
  follow(channelId: string, frame: string): void {
    this.#drain();
    this.#outlet.round(1, () =>
      this.#eachRecipient(channelId, undefined, (connection) => {
        if (!connection.held) this.#outlet.send(connection, frame);
      }),
    );
  }

  #deliver({ event, besides }: Pending): void {
    const cursor = encodeResumeCursor({ epoch: this.#journal.epoch, seq: event.seq });
    const frame = encodeEvent(event, cursor, false);
    // Only the sender's own connections see its idempotency key.
    const ownFrame = event.clientId === null ? frame : encodeEvent(event, cursor, true);
    const deliver = (connection: Connection) => {
      if (!connection.takes(event.seq)) return;
      this.#outlet.send(connection, connection.userId === event.userId ? ownFrame : frame);
    };
    const entitled = entitledUsers(event, this.#sharesReceipts());
    if (entitled === undefined) this.#eachRecipient(event.channelId, besides, deliver);
    else this.#eachOf(entitled, event.channelId, deliver);
    const mentioned = encodeMentioned(event, cursor);
    if (mentioned === undefined) return;
    const members = this.#directory.channel(event.channelId)?.members;
    for (const userId of mentioned.userIds) {
      if (!members?.has(userId)) continue;
      for (const connection of this.#connections.of(userId)) {
        if (connection.takes(event.seq)) this.#outlet.send(connection, mentioned.frame);
      }
    }
  }

  #eachOf(userIds: readonly string[], channelId: string, send: (connection: Connection) => void): void {
    const members = this.#directory.channel(channelId)?.members;
    for (const userId of userIds) {
      if (members?.has(userId)) for (const connection of this.#connections.of(userId)) send(connection);
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

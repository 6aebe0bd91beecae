import { entitledUsers } from "../../src/domain/audience.ts";
import { encodeResumeCursor } from "../../src/domain/resume-cursor.ts";
import { Audiences } from "./audiences.ts";
import type { CommitWait } from "./commit-wait.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { Directory } from "./directory.ts";
import { encodeEvent, encodeMentioned } from "./encode.ts";
import type { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";
import { Outlet } from "./outlet.ts";
import type { HubRuntime } from "./storage.ts";

interface Pending {
  event: JournalEvent;
  /** Users who get it besides the members: those who have just left. */
  besides: readonly string[] | undefined;
}

/**
 * Sends appended events to every entitled socket, in journal order, when the commit that holds them is on disk: the
 * acknowledgement leaves first, what one commit holds goes out together, and no frame has to wait in the output gate,
 * where each costs the run-time a promise of its own.
 */
export class Fanout {
  readonly #connections: Connections;
  readonly #audiences: Audiences;
  readonly #directory: Directory;
  readonly #journal: Journal;
  readonly #commit: CommitWait;
  readonly #outlet: Outlet;
  readonly #sharesReceipts: () => boolean;
  #queue: Pending[] = [];
  #scheduled = false;

  constructor(parts: {
    connections: Connections;
    directory: Directory;
    journal: Journal;
    commit: CommitWait;
    runtime: HubRuntime;
    /** The workspace's switch for read receipts. */
    sharesReceipts(): boolean;
  }) {
    this.#sharesReceipts = parts.sharesReceipts;
    this.#connections = parts.connections;
    this.#audiences = new Audiences(parts.connections);
    this.#directory = parts.directory;
    this.#journal = parts.journal;
    this.#commit = parts.commit;
    this.#outlet = new Outlet(parts.runtime);
  }

  /** Hands an event over that was written in this turn; it goes out once it is durable. */
  enqueue(event: JournalEvent, besides?: readonly string[]): void {
    this.#queue.push({ event, besides });
    if (this.#scheduled) return;
    this.#scheduled = true;
    const drain = () => {
      this.#scheduled = false;
      this.#drain();
    };
    // Where storage fails the run-time lets nothing out any more, and ends the object.
    this.#commit.next().then(drain, drain);
  }

  /** Sends everything that waits, now. */
  flush(): void {
    this.#drain();
    this.#outlet.flush();
  }

  /** Sends one connection everything that waits for it, now; the batches of others go on collecting. */
  flushTo(connection: Connection): void {
    this.#drain();
    connection.sendWaiting();
  }

  #drain(): void {
    if (this.#queue.length === 0) return;
    const queue = this.#queue;
    this.#queue = [];
    this.#outlet.round(() => {
      for (const pending of queue) this.#deliver(pending);
    });
  }

  /** Sends one encoded signal to the channel's members except `exceptUserId`. */
  signal(channelId: string, frame: string, exceptUserId: string): void {
    this.#outlet.round(() =>
      this.#eachRecipient(channelId, undefined, (connection) => {
        if (connection.userId !== exceptUserId) this.#outlet.send(connection, frame);
      }),
    );
  }

  /** Sends one encoded signal to connections, wherever they belong. */
  signalTo(recipients: Iterable<Connection>, frame: string): void {
    this.#outlet.round(() => {
      for (const connection of recipients) this.#outlet.send(connection, frame);
    });
  }

  /**
   * Sends one encoded signal to the channel's members, behind every event that waits, so that it may build on them.
   * Connections that are held get none: what they need of it comes when they go live.
   */
  follow(channelId: string, frame: string): void {
    this.#drain();
    this.#outlet.round(() =>
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
    const channel = this.#directory.channel(channelId);
    if (channel === undefined) return;
    for (const userId of besides ?? []) {
      if (!channel.members.has(userId)) for (const connection of this.#connections.of(userId)) send(connection);
    }
    for (const connection of this.#audiences.of(channel)) send(connection);
  }
}

import { entitledUsers } from "../../src/domain/audience.ts";
import { decodeResumeCursor, encodeResumeCursor } from "../../src/domain/resume-cursor.ts";
import type { ResyncReason } from "../../src/protocol/frames-down.ts";
import type { Connection } from "./connection.ts";
import type { Directory } from "./directory.ts";
import { encodeError, encodeEvent, encodeFrame, encodeMentioned } from "./encode.ts";
import type { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";

/** A longer absence is served faster by history than by replay. */
const MAX_REPLAYED_EVENTS = 2_000;
/** Journal rows that one replay may look through. */
const MAX_SPAN = 100_000;

/**
 * Replays what a connection missed: everything after the client's cursor that it is entitled to, in order and once,
 * then `resumed`; or `resync`, and nothing.
 *
 * A new connection is *held*: live events stay in the journal until its first frame, or for 250 ms, so that a client
 * which resumes at once gets what it missed before what is new. One that resumes later gets
 * the gap before its `connection.ready` only, since everything after it was already sent live.
 */
export class Resume {
  readonly #directory: Directory;
  readonly #journal: Journal;
  readonly #sharesReceipts: () => boolean;
  readonly #onLive: (connection: Connection) => void;

  /**
   * `sharesReceipts` is the workspace's switch for read receipts; `onLive` brings what is no event to a connection that
   * has just gone live.
   */
  constructor(parts: {
    directory: Directory;
    journal: Journal;
    sharesReceipts(): boolean;
    onLive(connection: Connection): void;
  }) {
    this.#onLive = parts.onLive;
    this.#sharesReceipts = parts.sharesReceipts;
    this.#directory = parts.directory;
    this.#journal = parts.journal;
  }

  /**
   * Handles a `resume` frame. Whatever waits for fan-out must have been sent before: the cursor of the answer is the
   * journal's head.
   */
  resume(connection: Connection, cursor: string, id: string | undefined): void {
    const place = decodeResumeCursor(cursor);
    if (place === undefined) {
      this.release(connection);
      const error = {
        code: "VALIDATION_ERROR",
        message: "unable to resume; because the cursor is not one of ours",
      } as const;
      connection.send(encodeError(id, error));
      return;
    }
    const reason = this.#outOfReach(place.epoch, place.seq);
    if (reason !== undefined) {
      this.#resync(connection, reason, id);
      return;
    }

    const through = connection.held ? this.#journal.head : connection.state.resumeFrom;
    const events = this.#missed(connection.userId, place.seq, through, MAX_REPLAYED_EVENTS);
    if (events === undefined) {
      this.#resync(connection, "too_many_events", id);
      return;
    }

    this.#replay(connection, events);
    connection.replayed(Math.min(place.seq, connection.state.resumeFrom), through);
    connection.send(
      encodeFrame({
        type: "resumed",
        ...(id === undefined ? {} : { id }),
        data: { cursor: this.#cursor(this.#journal.head), count: events.length },
      }),
    );
    this.#onLive(connection);
  }

  /** Lets a held connection go live, sending what waited for it. */
  release(connection: Connection): void {
    if (!connection.held) return;
    const { resumeFrom } = connection.state;
    if (resumeFrom < this.#journal.head) {
      const { head } = this.#journal;
      this.#replay(connection, this.#missed(connection.userId, resumeFrom, head, MAX_SPAN) ?? []);
      connection.replayed(resumeFrom, this.#journal.head);
    }
    connection.held = false;
    this.#onLive(connection);
  }

  #outOfReach(epoch: string, seq: number): ResyncReason | undefined {
    if (epoch !== this.#journal.epoch) return "epoch_changed";
    if (seq > this.#journal.head) return "cursor_ahead";
    if (seq < this.#journal.floor) return "journal_trimmed";
    if (this.#journal.head - seq > MAX_SPAN) return "too_many_events";
    return undefined;
  }

  /** Undefined where there are more than `limit` before those of others' receipts are left out: never a part of them. */
  #missed(userId: string, after: number, through: number, limit: number): JournalEvent[] | undefined {
    if (after >= through) return [];
    const memberships = this.#directory.membershipsOf(userId);
    const events = this.#journal.readFor(userId, memberships, after, through, limit + 1);
    if (events.length > limit) return undefined;
    const shares = this.#sharesReceipts();
    return events.filter((event) => entitledUsers(event, shares)?.includes(userId) ?? true);
  }

  #replay(connection: Connection, events: readonly JournalEvent[]): void {
    for (const event of events) {
      const cursor = this.#cursor(event.seq);
      connection.send(encodeEvent(event, cursor, event.userId === connection.userId));
      const mentioned = encodeMentioned(event, cursor);
      if (mentioned?.userIds.includes(connection.userId)) connection.send(mentioned.frame);
    }
  }

  #resync(connection: Connection, reason: ResyncReason, id: string | undefined): void {
    this.release(connection);
    connection.send(
      encodeFrame({
        type: "resync",
        ...(id === undefined ? {} : { id }),
        data: { reason, cursor: this.#cursor(this.#journal.head) },
      }),
    );
  }

  #cursor(seq: number): string {
    return encodeResumeCursor({ epoch: this.#journal.epoch, seq });
  }
}

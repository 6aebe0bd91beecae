import type { HeldPage, HeldPageRequest, NoHeldPage } from "../../../src/domain/hub-contract.ts";
import type { HistorySource } from "../../../src/domain/hub-ports.ts";
import type { TextPiece } from "../../../src/domain/text-pieces.ts";
import type { ChangedMessage, Message } from "../../../src/protocol/message.ts";
import type { ChannelState, Directory } from "../directory.ts";
import type { Journal } from "../journal.ts";
import type { JournalEvent } from "../journal-rows.ts";
import type { MessageLookup } from "../message-lookup.ts";
import type { HubRuntime, HubSql } from "../storage.ts";
import { BLOCK_SEQS, blockOf, type HeldBlock, HistoryBlocks } from "./blocks.ts";
import { HistoryFill } from "./fill.ts";
import { type HeldRun, type Run, runIn, textOf, withOwnKey } from "./held-messages.ts";
import { HistoryReaders } from "./readers.ts";
import { HistoryTails } from "./tails.ts";

/** Blocks that a page may take: where so many hold so little, most of their messages are gone, and Postgres skips those faster. */
const BLOCKS_PER_PAGE = 6;
/** However well it is kept up, a copy is read again after this. */
const MAX_AGE_MS = 3_600_000;
const CHANNELS_AT_ONCE = 4;
/** New messages of a page beyond which a copy of them is made: each is a row, a block is one. */
const LONG_TAIL = 32;

/** A run of messages that Postgres may not have yet, as the reader sees them. */
interface FreshRun extends Run {
  /** JSON texts with commas between. */
  text: string;
}

const NO_BYTES = new Uint8Array();

/** What a page is made of, newest first. */
type PageRun = HeldRun<HeldBlock> | FreshRun;

export interface HubHistoryParts {
  sql: HubSql;
  runtime: HubRuntime;
  directory: Directory;
  journal: Journal;
  lookup: MessageLookup;
  source: HistorySource;
  /** As few as a test needs. */
  storedBlocksPerChannel?: number | undefined;
  /** Reads a channel that the hub does not know from Postgres. */
  learn(ref: string): Promise<unknown>;
}

/**
 * Pages of history out of the hub itself: copies of what Postgres has, block by block, and the newest messages out of the journal. Every
 * change of a message passes the hub, which drops what shows it in the same turn; so what is left is what Postgres would answer, with
 * everything that it does not have yet. What is not there is copied first, with what lies before it; where that cannot be, whoever asked
 * reads Postgres.
 */
export class HubHistory {
  readonly #parts: HubHistoryParts;
  readonly #blocks: HistoryBlocks;
  readonly #readers: HistoryReaders;
  readonly #tails = new HistoryTails();
  readonly #fill: HistoryFill;
  readonly #learning = new Set<string>();

  constructor(parts: HubHistoryParts) {
    const { sql, runtime, journal, source, storedBlocksPerChannel } = parts;
    this.#parts = parts;
    this.#blocks = new HistoryBlocks(sql);
    this.#readers = new HistoryReaders({ sql, runtime, source });
    this.#fill = new HistoryFill({ blocks: this.#blocks, runtime, journal, source, storedBlocksPerChannel });
  }

  /**
   * None where the hub cannot say it all: for who is no member, of whom Postgres knows better, and for readers who block somebody, too.
   * Waits where it is first asked who they are, and where a copy is being made.
   */
  async page(request: HeldPageRequest): Promise<HeldPage | NoHeldPage> {
    await this.#readersKnown(request);
    const found = this.#held(request);
    if (found instanceof Promise) await found;
    const page = found instanceof Promise ? this.#held(request) : found;
    if (page !== undefined && !(page instanceof Promise)) return page;
    const channel = this.#parts.directory.channel(request.channel);
    return { behind: channel !== undefined && !this.#fill.isArchived(channel.info.id) };
  }

  /** Takes up a new message, in the turn that appended it. */
  created(event: JournalEvent, message: Message): void {
    if (message.thread_root_id !== null) this.#touchRoot(event, message.thread_root_id);
    // What is still being written has its text elsewhere.
    if (message.streaming) this.#touch(event, message.seq);
    else this.#tails.add(event.channelId, message.seq, event.seq);
  }

  /** Takes up any other new event, in the turn that appended it. */
  appended(event: JournalEvent): void {
    switch (event.type) {
      case "message.reaction.added":
      case "message.reaction.removed":
        // Whoever reacts has looked the message up.
        this.#touch(event, event.messageId === null ? undefined : this.#seqOf(event.messageId));
        break;
      case "message.updated":
      case "message.deleted":
      case "message.pinned":
      case "message.unpinned":
        this.#changed(event);
        break;
      case "channel.deleted":
        this.#touch(event, undefined);
        break;
      // Told by `created`. Cursors, members and moderation show in no page; a type that is missing here would not compile.
      case "message.created":
      case "message.read":
      case "message.delivered":
      case "message.moderated":
      case "channel.created":
      case "channel.updated":
      case "member.joined":
      case "member.left":
      case "member.updated":
      case "member.muted":
      case "member.unmuted":
        break;
      default:
        event.type satisfies never;
    }
  }

  /** A user's profile is not what it was, or the user is gone. */
  profileChanged(userId: string): void {
    this.#fill.abandon();
    this.#tails.clear();
    this.#blocks.dropNaming(userId);
  }

  /** Users may block others than before. */
  blocksChanged(userIds: readonly string[]): void {
    for (const userId of userIds) this.#readers.forget(userId);
  }

  /** Messages of these channels have ended without events. */
  expired(channelIds: ReadonlySet<string>): void {
    this.#fill.abandon();
    for (const channelId of channelIds) {
      this.#blocks.dropChannel(channelId);
      this.#tails.drop(channelId);
    }
  }

  /** Nothing is certain any more. */
  clear(): void {
    this.#fill.abandon();
    this.#tails.clear();
    this.#blocks.clear();
  }

  /** A short question to Postgres, where the page without an answer would be a long one. */
  #readersKnown({ channel: ref, userId: reader }: HeldPageRequest): Promise<void> | undefined {
    const isMember = reader !== undefined && this.#parts.directory.channel(ref)?.members.has(reader);
    return isMember ? this.#readers.learning() : undefined;
  }

  /** The page; the copy that it waits for; undefined where it is neither there nor being copied. */
  #held({ channel: ref, userId: reader, before, limit }: HeldPageRequest): HeldPage | Promise<void> | undefined {
    const { directory, journal } = this.#parts;
    const channel = directory.channel(ref);
    if (channel === undefined) this.#learn(ref);
    if (channel === undefined || channel.deleted) return undefined;
    if (reader !== undefined) {
      if (!channel.members.has(reader) || directory.isDeletedUser(reader)) return undefined;
      if (!this.#readers.seesAll(reader)) return undefined;
    }
    const end = Math.min(before ?? Number.MAX_SAFE_INTEGER, channel.lastSeq + 1);
    const found = this.#collect(channel, end, limit, reader);
    if (found === undefined || found instanceof Promise) return found;
    const { runs, hasMore } = found;
    return {
      messages: this.#textsOf(runs, reader).flatMap((text, index) => (index === 0 ? text : [",", ...text])),
      hasMore,
      oldestSeq: runs.at(-1)?.oldestSeq,
      place: { epoch: journal.epoch, seq: journal.head },
    };
  }

  /** Messages with `seq < end`, newest first: as many as are wanted, or all that there are. Else as `#held`. */
  #collect(
    channel: ChannelState,
    end: number,
    wanted: number,
    reader: string | undefined,
  ): { runs: PageRun[]; hasMore: boolean } | Promise<void> | undefined {
    const channelId = channel.info.id;
    const runs: PageRun[] = [];
    let missing = wanted;
    let next = end - 1;
    for (let looked = 0; next > 0; looked++) {
      if (looked === BLOCKS_PER_PAGE) return undefined;
      const number = blockOf(next);
      const isNewestPage = end > channel.lastSeq;
      const block = this.#blockAt(channelId, number, isNewestPage);
      // Postgres has messages that this hub never saw: its storage was set back in time.
      if (block !== undefined && block.through > channel.lastSeq) return undefined;
      // There is no seq below 1.
      const first = Math.max(1, number * BLOCK_SEQS);
      const through = block?.through ?? first - 1;
      if (through < next) {
        const missed = { channelId, number, newest: blockOf(channel.lastSeq), isNewestPage };
        const fresh = this.#fresh(channelId, through + 1, next, missing, reader);
        if (fresh === undefined) return this.#fill.wanted(missed);
        if (fresh.count > LONG_TAIL) void this.#fill.wanted(missed);
        if (fresh.count > 0) runs.push(fresh);
        if (fresh.isMore) return { runs, hasMore: true };
        missing -= fresh.count;
      }
      if (missing === 0) {
        if (block?.seqs.some((seq) => seq <= next)) return { runs, hasMore: true };
      } else {
        const kept = block && runIn(block, next, missing);
        if (kept !== undefined) runs.push(kept);
        missing -= kept?.count ?? 0;
        if (missing === 0 && kept?.isMore) return { runs, hasMore: true };
      }
      next = first - 1;
    }
    return { runs, hasMore: false };
  }

  /** As the reader sees them. */
  #textsOf(runs: readonly PageRun[], reader: string | undefined): TextPiece[][] {
    const held = this.#blocks.textsOf(runs.filter((run) => "held" in run)).values();
    return runs.map((run) => ("held" in run ? textOf(run, held.next().value ?? NO_BYTES, reader) : [run.text]));
  }

  /** Who opens a channel reads its newest page, as others do; what is further back is hardly ever read by two at a time. */
  #blockAt(channelId: string, number: number, isNewestPage: boolean) {
    const block = this.#blocks.find(channelId, number, isNewestPage);
    if (block === undefined || this.#parts.runtime.now() - block.readAt <= MAX_AGE_MS) return block;
    this.#blocks.drop(channelId, number);
    return undefined;
  }

  /** At most `most` messages with `low <= seq <= high` out of the journal; undefined where it is not known where they are. */
  #fresh(channelId: string, low: number, high: number, most: number, reader: string | undefined): FreshRun | undefined {
    // One more tells whether there are more.
    const places = this.#tails.placesOf(channelId, Math.max(low, high - most), high);
    if (places === undefined) return undefined;
    const isMore = places.length > most;
    const wanted = isMore ? places.slice(1) : places;
    const events = this.#parts.journal.readAt(wanted);
    // One is missing: trimmed, or never there.
    if (events.length !== wanted.length) return undefined;
    const texts = events.map((event) => withOwnKey(messageTextOf(event), event.userId, event.clientId, reader));
    return { count: texts.length, oldestSeq: high - texts.length + 1, text: texts.reverse().join(","), isMore };
  }

  /** An edit, an unsend, a pin, the end of a stream: the message, and what shows it elsewhere. */
  #changed(event: JournalEvent): void {
    const { message } = JSON.parse(event.body) as { message: ChangedMessage };
    this.#touch(event, message.seq);
    this.#blocks.dropQuoting(event.channelId, message.id, message.seq);
    this.#tails.drop(event.channelId);
    if (message.thread_root_id !== null) this.#touchRoot(event, message.thread_root_id);
  }

  /** The root of a thread tells of its replies. */
  #touchRoot(event: JournalEvent, rootId: string): void {
    this.#touch(event, this.#seqOf(rootId));
  }

  /** Drops what shows the message with this seq; without one, all of the channel. */
  #touch({ channelId, seq: place }: JournalEvent, seq: number | undefined): void {
    this.#fill.changed(channelId, place);
    if (seq === undefined) {
      this.#blocks.dropChannel(channelId);
      this.#tails.drop(channelId);
    } else {
      this.#blocks.drop(channelId, blockOf(seq));
      this.#tails.dropWith(channelId, seq);
    }
  }

  #learn(ref: string): void {
    if (this.#learning.has(ref) || this.#learning.size >= CHANNELS_AT_ONCE) return;
    this.#learning.add(ref);
    this.#parts
      .learn(ref)
      .catch((error: unknown) => {
        this.#parts.runtime.log("warn", "history.channel_unknown", { error: String(error) });
      })
      .finally(() => this.#learning.delete(ref));
  }

  #seqOf(messageId: string): number | undefined {
    return this.#parts.lookup.recent(messageId)?.message.seq;
  }
}

/** A created message's JSON without parsing it: its event's body is `{"message":…}`. */
function messageTextOf(event: JournalEvent): string {
  return event.body.slice('{"message":'.length, -1);
}

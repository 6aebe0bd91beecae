import { type ReceiptKind, receiptAudience } from "../../src/domain/audience.ts";
import type { HubError, HubResult, ReceiptCommand } from "../../src/domain/hub-contract.ts";
import type { DurableData } from "../../src/protocol/frames-down.ts";
import type { Changes } from "./changes.ts";
import type { ChannelState, Directory, MemberState } from "./directory.ts";
import type { Fanout } from "./fanout.ts";
import type { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";
import type { MessageLookup } from "./message-lookup.ts";
import type { RecentAuthors } from "./recent-authors.ts";
import type { HubRuntime } from "./storage.ts";

/** Delivered cursors gather this long: of a burst of messages each member writes one row and not one per message. */
const GATHER_MS = 200;

export interface ReceiptsParts {
  directory: Directory;
  changes: Changes;
  journal: Journal;
  fanout: Fanout;
  lookup: MessageLookup;
  authors: RecentAuthors;
  runtime: HubRuntime;
  /** The workspace's switch for read receipts. */
  sharesReceipts(): boolean;
  onAppend(event: JournalEvent): void;
}

/** Up to which message a member's cursor shall move. */
interface Receipt {
  kind: ReceiptKind;
  channelId: string;
  userId: string;
  seq: number;
  messageId: string;
}

const DONE: HubResult<null> = { ok: true, value: null };

/**
 * Moves a member's read and delivered cursors, forward only; what is read is delivered too. Who learns of it is fixed
 * in the journal with the event, so that live fan-out and resume cannot differ.
 */
export class Receipts {
  readonly #parts: ReceiptsParts;
  readonly #gathered = new Map<string, Receipt>();
  #flushed: Promise<void> | undefined;

  constructor(parts: ReceiptsParts) {
    this.#parts = parts;
  }

  /**
   * Answers when the cursor is durable. One that would not move forward changes nothing and is no error. Throws where
   * Postgres had to be asked and did not answer.
   */
  async apply(command: ReceiptCommand): Promise<HubResult<null>> {
    const { directory, changes, lookup } = this.#parts;
    const known = await changes.resolve(command.channel);
    if (known === undefined || known.deleted) return refuse("NOT_FOUND", "there is no such channel");
    const { messageId: namedId, kind, userId } = command;
    const named = namedId === undefined ? undefined : (await lookup.find(known.info.id, namedId))?.message;

    const channel = directory.channel(known.info.id);
    const member = channel?.members.get(userId);
    if (channel === undefined || channel.deleted) return refuse("NOT_FOUND", "there is no such channel");
    if (member === undefined) return refuse("NOT_A_MEMBER", "the user is not a member");
    if (namedId !== undefined && named === undefined) return refuse("NOT_FOUND", "there is no such message");

    const messageId = named?.id ?? channel.lastMessageId;
    const seq = named?.seq ?? channel.lastSeq;
    if (messageId === null || seq <= reached(member, kind)) return DONE;
    const receipt = { kind, channelId: channel.info.id, userId, seq, messageId };
    if (kind === "read") this.#move([receipt]);
    else await this.#gather(receipt);
    return DONE;
  }

  /** The answer waits with the receipt: what is lost with the object's memory was never acknowledged. */
  #gather(receipt: Receipt): Promise<void> {
    const key = `${receipt.channelId} ${receipt.userId}`;
    const waiting = this.#gathered.get(key);
    if (waiting === undefined || waiting.seq < receipt.seq) this.#gathered.set(key, receipt);
    this.#flushed ??= new Promise((resolve, reject) => {
      this.#parts.runtime.defer(GATHER_MS, () => {
        const receipts = [...this.#gathered.values()];
        this.#gathered.clear();
        this.#flushed = undefined;
        try {
          this.#move(receipts);
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
    return this.#flushed;
  }

  /** Two rows per receipt that still moves its cursor: the event and the membership. */
  #move(receipts: readonly Receipt[]): void {
    const { directory, journal, fanout, onAppend } = this.#parts;
    let events: JournalEvent[];
    try {
      events = journal.transaction(() => receipts.flatMap((receipt) => this.#append(receipt) ?? []));
    } catch (error) {
      for (const { channelId } of receipts) directory.forget(channelId);
      throw error;
    }
    for (const event of events) {
      fanout.enqueue(event);
      onAppend(event);
    }
  }

  #append({ kind, channelId, userId, seq, messageId }: Receipt): JournalEvent | undefined {
    const { directory, journal, runtime } = this.#parts;
    const channel = directory.channel(channelId);
    const member = channel?.members.get(userId);
    if (channel === undefined || channel.deleted || member === undefined) return undefined;
    const from = reached(member, kind);
    if (seq <= from) return undefined;
    const audience = this.#audience(kind, channel, from, seq);
    directory.setCursor(channel, member, kind, seq);
    const data: DurableData<"message.read"> = {
      channel_id: channelId,
      channel_external_id: channel.info.external_id,
      user_id: userId,
      message_id: messageId,
      seq,
      at: new Date(runtime.now()).toISOString(),
    };
    return journal.append({
      type: kind === "read" ? "message.read" : "message.delivered",
      channelId,
      body: JSON.stringify(data),
      userId,
      messageId: null,
      clientId: null,
      audience,
    });
  }

  /** Undefined for all members; also where the authors of what is so far back are not at hand. */
  #audience(kind: ReceiptKind, channel: ChannelState, from: number, through: number): string[] | undefined {
    const { authors, journal, sharesReceipts } = this.#parts;
    const audience = sharesReceipts() ? receiptAudience(kind, channel.members.size) : "nobody";
    if (audience === "nobody") return [];
    if (audience === "members" || channel.info.type === "direct") return undefined;
    return authors.between(channel, from, through, journal.head);
  }
}

function reached(member: MemberState, kind: ReceiptKind): number {
  return kind === "read" ? member.readSeq : member.deliveredSeq;
}

function refuse(code: HubError["code"], reason: string): { ok: false; error: HubError } {
  return { ok: false, error: { code, message: `unable to move the cursor; because ${reason}` } };
}

import type {
  HubResult,
  JournalPageRequest,
  MessageRef,
  Settled,
  SettledScope,
  Tail,
  TailPage,
} from "../../src/domain/hub-contract.ts";
import type { ChangedMessage, Message } from "../../src/protocol/message.ts";
import type { Archiver } from "./archiver.ts";
import type { Directory } from "./directory.ts";
import type { Journal } from "./journal.ts";
import type { MessageLookup } from "./message-lookup.ts";
import type { Streams } from "./streams.ts";

export interface ReadsParts {
  directory: Directory;
  journal: Journal;
  archiver: Archiver;
  lookup: MessageLookup;
  streams: Streams;
}

/** What the Worker asks the hub when it reads: whether Postgres is complete, and what only the hub knows. */
export class Reads {
  readonly #parts: ReadsParts;

  constructor(parts: ReadsParts) {
    this.#parts = parts;
  }

  /** Waits until Postgres has what the reader is about to look at, or tells it; `archived` is false where neither can be. */
  async settled(scope: SettledScope): Promise<Settled> {
    const { archiver, directory, journal } = this.#parts;
    if ("workspace" in scope) {
      return { archived: await archiver.settle([...archiver.unsettled]), lastSeq: 0, changed: undefined };
    }
    if ("userId" in scope) {
      const mine = directory.membershipsOf(scope.userId);
      const owed = [...archiver.unsettled].filter((id) => mine.has(id));
      return { archived: await archiver.settle(owed), lastSeq: 0, changed: undefined };
    }
    const channel = directory.channel(scope.channel);
    if (channel === undefined) return { archived: true, lastSeq: 0, changed: undefined };
    const { lastSeq } = channel;
    const place = (seq: number | undefined) => (seq === undefined ? undefined : { epoch: journal.epoch, seq });
    const added = scope.tailFor === undefined ? undefined : this.#tail(channel.info.id, scope.tailFor);
    if (added !== undefined) return { archived: true, lastSeq, changed: place(added.base), tail: added.tail };
    const changed = place(archiver.changedAt(channel.info.id));
    return { archived: await archiver.settle([channel.info.id]), lastSeq, changed };
  }

  /** What Postgres lacks of a channel, for a reader; undefined where that is nothing, or not just new messages. */
  #tail(channelId: string, reader: string | null): { tail: Tail; base: number | undefined } | undefined {
    const { archiver, journal } = this.#parts;
    const { seqs, base } = archiver.additionsTo(channelId) ?? {};
    const newest = seqs?.at(-1);
    if (seqs === undefined || newest === undefined) return undefined;
    const messages: Message[] = [];
    // One by one: between them may be thousands of other channels.
    for (const event of seqs.flatMap((seq) => journal.read(seq - 1, 1))) {
      if (event.type !== "message.created") continue;
      const { message } = JSON.parse(event.body) as { message: Message };
      // A reply changes its root too, and what is being written has its text elsewhere.
      if (message.thread_root_id !== null || message.streaming) return undefined;
      const { clientId, userId } = event;
      messages.push(clientId !== null && userId === reader ? { ...message, client_id: clientId } : message);
    }
    return { tail: { messages: messages.reverse(), changed: { epoch: journal.epoch, seq: newest } }, base };
  }

  /** Messages as they are now, in no order. Throws where only Postgres could tell and it does not answer. */
  async currentMessages(refs: readonly MessageRef[]): Promise<ChangedMessage[]> {
    const { lookup } = this.#parts;
    const found = await Promise.all(refs.map(({ channelId, messageId }) => lookup.find(channelId, messageId)));
    return found.filter((state) => state !== undefined).map((state) => state.message);
  }

  /** The newest messages that the journal still holds. */
  journalPage({ channel: ref, userId, before, limit }: JournalPageRequest): HubResult<TailPage> {
    const { directory, journal, streams } = this.#parts;
    const channel = directory.channel(ref);
    if (channel === undefined || channel.deleted) {
      return {
        ok: false,
        error: { code: "UPSTREAM_UNAVAILABLE", message: "the history does not answer", retryAfter: 2 },
      };
    }
    if (userId !== undefined && !channel.members.has(userId)) {
      return { ok: false, error: { code: "NOT_A_MEMBER", message: "the user is not a member" } };
    }
    const events = journal.messages.newest(channel.info.id, before ?? channel.lastSeq + 1, limit);
    const messages = events.map((event) => {
      const { message } = JSON.parse(event.body) as { message: Message };
      return message.streaming ? streams.present(message, false) : message;
    });
    return { ok: true, value: { messages, hasMore: (messages.at(-1)?.seq ?? 1) > 1 } };
  }
}

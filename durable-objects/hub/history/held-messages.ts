import type { NeutralMessage } from "../../../src/domain/hub-ports.ts";
import type { TextPiece } from "../../../src/domain/text-pieces.ts";
import type { Message } from "../../../src/protocol/message.ts";

/** Messages, newest first, as they are kept. */
export interface PackedMessages {
  /** Of the messages. */
  seqs: number[];
  /** The byte of `texts` where each message ends. */
  ends: number[];
  /** JSON of `Own[]`; empty where every reader sees the same. */
  own: string;
  /**
   * JSON texts of the messages with commas between, in UTF-8, as they go out: strings of this size, made for each page and encoded again,
   * are work for the garbage collector above all.
   */
  texts: ArrayBuffer;
}

/** Messages out of which a page is cut without parsing what is on it. */
export interface HeldMessages extends Omit<PackedMessages, "texts"> {
  /** Bytes of `texts`. A page is half of them: the other half is not brought into memory, where it would be garbage. */
  read(start: number, end: number): Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What of the message at `index` single users see differently: its author the idempotency key, who reacted their own reactions. */
type Own = [index: number, author: string | null, key: string | null, reactors: NeutralMessage["reactors"]];

/** A run of messages as one reader sees them. */
export interface Cut {
  count: number;
  /** Of its last message. */
  oldestSeq: number;
  /** JSON texts with commas between. */
  text: TextPiece[];
  /** True where older messages follow. */
  isMore: boolean;
}

/** @param messages newest first */
export function packed(messages: readonly NeutralMessage[]): PackedMessages {
  const texts = messages.map(({ message }) => JSON.stringify(message));
  const text = texts.join(",");
  const bytes = encoder.encode(text);
  const isAscii = bytes.length === text.length;
  let end = -1;
  const ends = texts.map((one) => {
    end += (isAscii ? one.length : encoder.encode(one).length) + 1;
    return end;
  });
  const own: Own[] = messages.flatMap(({ message, clientId, reactors }, index): Own[] =>
    clientId === null && message.reactions.length === 0 ? [] : [[index, message.user_id, clientId, reactors]],
  );
  return {
    seqs: messages.map(({ message }) => message.seq),
    ends,
    own: own.length === 0 ? "" : JSON.stringify(own),
    texts: bytes.slice().buffer,
  };
}

/** At most `most` messages with `seq <= newest`; undefined where there are none. `reader` is undefined for a workspace key. */
export function cut(held: HeldMessages, newest: number, most: number, reader: string | undefined): Cut | undefined {
  const { seqs, ends } = held;
  const first = seqs.findIndex((seq) => seq <= newest);
  const last = Math.min(first + most, seqs.length) - 1;
  const oldestSeq = seqs[last];
  if (first === -1 || oldestSeq === undefined) return undefined;
  const startOf = (index: number) => (index === 0 ? 0 : (ends[index - 1] ?? 0) + 1);
  const endOf = (index: number) => ends[index] ?? 0;
  const offset = startOf(first);
  const run = held.read(offset, endOf(last));
  const bytes = (start: number, end: number) => run.subarray(start - offset, end - offset);
  const text: TextPiece[] = [];
  let from = offset;
  // Most of the time what a reader sees is what all see, and one look at the whole tells.
  const own = reader !== undefined && held.own.includes(reader) ? (JSON.parse(held.own) as Own[]) : [];
  for (const [index, author, key, reactors] of own) {
    if (index < first || index > last) continue;
    const message = decoder.decode(bytes(startOf(index), endOf(index)));
    text.push(bytes(from, startOf(index)), asSeenBy(reader, message, { author, key, reactors }));
    from = endOf(index);
  }
  text.push(bytes(from, endOf(last)));
  return { count: last - first + 1, oldestSeq, text, isMore: last + 1 < seqs.length };
}

/** A message's JSON text with its idempotency key, where the reader is its author. */
export function withOwnKey(
  text: string,
  author: string | null,
  key: string | null,
  reader: string | undefined,
): string {
  if (key === null || author !== reader) return text;
  // The last field of a message, and a message is never empty.
  return `${text.slice(0, -1)},"client_id":${JSON.stringify(key)}}`;
}

function asSeenBy(
  reader: string | undefined,
  text: string,
  { author, key, reactors }: { author: string | null; key: string | null; reactors: NeutralMessage["reactors"] },
): string {
  const hasReacted = reader !== undefined && Object.values(reactors).some((users) => users.includes(reader));
  if (!hasReacted) return withOwnKey(text, author, key, reader);
  const message = JSON.parse(text) as Message;
  const reactions = message.reactions.map((reaction) => ({
    ...reaction,
    reacted_by_me: reactors[reaction.emoji]?.includes(reader) ?? false,
  }));
  return withOwnKey(JSON.stringify({ ...message, reactions }), author, key, reader);
}

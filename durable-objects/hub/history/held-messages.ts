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

/** Messages out of which a page is cut without parsing what is on it, and without their texts before it is known which those are. */
export type HeldMessages = Omit<PackedMessages, "texts">;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What of the message at `index` single users see differently: its author the idempotency key, who reacted their own reactions. */
type Own = [index: number, author: string | null, key: string | null, reactors: NeutralMessage["reactors"]];

/** A run of messages. */
export interface Run {
  count: number;
  /** Of its last message. */
  oldestSeq: number;
  /** True where older messages follow. */
  isMore: boolean;
}

/** A run of those that are held: where it is. */
export interface HeldRun<Held extends HeldMessages = HeldMessages> extends Run {
  held: Held;
  /** Index of its first message. */
  first: number;
  /** Bytes of `texts`. A page is half of them: the other half is not brought into memory, where it would be garbage. */
  start: number;
  end: number;
}

/** @param messages newest first */
export function packed(messages: readonly NeutralMessage[]): PackedMessages {
  const texts = messages.map(({ message }) => JSON.stringify(message));
  const text = texts.join(",");
  const bytes = encoder.encode(text) as Uint8Array<ArrayBuffer>;
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
    // Mostly all of it: a copy would be garbage of its size.
    texts: bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer,
  };
}

/** At most `most` messages with `seq <= newest`; undefined where there are none. */
export function runIn<Held extends HeldMessages>(held: Held, newest: number, most: number): HeldRun<Held> | undefined {
  const { seqs } = held;
  const first = seqs.findIndex((seq) => seq <= newest);
  const last = Math.min(first + most, seqs.length) - 1;
  const oldestSeq = seqs[last];
  if (first === -1 || oldestSeq === undefined) return undefined;
  const place = { first, start: startOf(held, first), end: endOf(held, last) };
  return { held, ...place, count: last - first + 1, oldestSeq, isMore: last + 1 < seqs.length };
}

/**
 * JSON texts of a run with commas between, as one reader sees them.
 * @param bytes of the run
 * @param reader undefined for a workspace key
 */
export function textOf(
  { held, first, count, start, end }: HeldRun,
  bytes: Uint8Array,
  reader: string | undefined,
): TextPiece[] {
  // Most of the time what a reader sees is what all see, and one look at the whole tells.
  if (reader === undefined || !held.own.includes(reader)) return [bytes];
  const part = (from: number, to: number) => bytes.subarray(from - start, to - start);
  const text: TextPiece[] = [];
  let from = start;
  for (const [index, author, key, reactors] of JSON.parse(held.own) as Own[]) {
    if (index < first || index >= first + count) continue;
    const message = decoder.decode(part(startOf(held, index), endOf(held, index)));
    text.push(part(from, startOf(held, index)), asSeenBy(reader, message, { author, key, reactors }));
    from = endOf(held, index);
  }
  text.push(part(from, end));
  return text;
}

function startOf({ ends }: HeldMessages, index: number): number {
  return index === 0 ? 0 : (ends[index - 1] ?? 0) + 1;
}

function endOf({ ends }: HeldMessages, index: number): number {
  return ends[index] ?? 0;
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

import { LatencyHistogram } from "../../measure/latency.ts";
import type { Heard } from "../peer.ts";

/** What became of the messages of one part of a run. */
export class Tally {
  /** From the intended moment of the message to the first arrival at a member, in milliseconds. */
  readonly latency = new LatencyHistogram();
  messages = 0;
  expected = 0;
  seen = 0;

  /** Deliveries that have not come. */
  get missing(): number {
    return this.expected - this.seen;
  }
}

interface Sent {
  tally: Tally;
  audience: Audience;
  sender: number;
  intendedAt: number;
  /** A bit for each member that has it. */
  seenBy: Uint32Array;
}

/** The members of one group, as deliveries are counted at them. */
export interface Audience {
  readonly members: number;
  /** To be called with everything that a member of this group hears. */
  readonly heard: Heard;
}

const ZERO = "0".charCodeAt(0);

/**
 * Counts deliveries in what members hear, by the mark in the content (see `run/message-mark.ts`): whatever the protocol
 * puts around it, one search of bytes each. Tells a delivery that is missing, one that came twice and one at somebody
 * else's socket. A sender's own message is no delivery: some servers send it, some do not.
 */
export class DeliveryCounter {
  readonly #mark: Buffer;
  readonly #sent: Sent[] = [];
  /** Deliveries that came again. */
  duplicates = 0;
  /** Deliveries at members of other groups, and of messages that nobody sent. */
  misdelivered = 0;

  constructor(run: string) {
    this.#mark = Buffer.from(`load:${run}:`);
  }

  /** A group whose members will hear. */
  audience(members: number): Audience {
    const audience: Audience = {
      members,
      heard: (member, bytes, at) => this.#heard(audience, member, bytes, at),
    };
    return audience;
  }

  /** A message is about to be sent; answers its number, which belongs into its content. */
  begin(tally: Tally, audience: Audience, sender: number, intendedAt: number): number {
    const seenBy = new Uint32Array(Math.ceil(audience.members / 32));
    tally.messages += 1;
    tally.expected += audience.members - 1;
    return this.#sent.push({ tally, audience, sender, intendedAt, seenBy }) - 1;
  }

  #heard(audience: Audience, member: number, bytes: Buffer, at: number): void {
    let found = bytes.indexOf(this.#mark);
    while (found >= 0) {
      let end = found + this.#mark.length;
      let number = 0;
      for (let digit = digitAt(bytes, end); digit >= 0 && digit <= 9; digit = digitAt(bytes, ++end)) {
        number = number * 10 + digit;
      }
      this.#received(number, audience, member, at);
      found = bytes.indexOf(this.#mark, end);
    }
  }

  #received(number: number, audience: Audience, member: number, at: number): void {
    const sent = this.#sent[number];
    if (sent === undefined || sent.audience !== audience || member >= audience.members) {
      this.misdelivered += 1;
      return;
    }
    if (member === sent.sender) return;
    const word = member >>> 5;
    const bit = 1 << (member & 31);
    const bits = sent.seenBy[word] ?? 0;
    if ((bits & bit) !== 0) {
      this.duplicates += 1;
      return;
    }
    sent.seenBy[word] = bits | bit;
    sent.tally.seen += 1;
    sent.tally.latency.record(at - sent.intendedAt);
  }
}

function digitAt(bytes: Buffer, offset: number): number {
  return (bytes[offset] ?? 0) - ZERO;
}

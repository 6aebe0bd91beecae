import type { DeliverySummary } from "../summary.ts";

/** Marks of one member on one message. */
const EXPECTED = 1;
const RECEIVED = 2;
/** The sender learned the number from its acknowledgement, with or without receiving the message itself. */
const ACKNOWLEDGED = 4;

/** The part of a group that the ledger needs: who is connected. */
export interface Audience {
  readonly channelId: string;
  /** Index of a member → has an open socket. */
  readonly online: boolean[];
}

/** One message that the run sent. */
export interface SentMessage {
  readonly number: number;
  readonly audience: Audience;
  readonly sender: number;
  readonly intendedAt: number;
  readonly startedAt: number;
  readonly marks: Uint8Array;
  state: "pending" | "acknowledged" | "failed";
  expected: number;
  seen: number;
  seq: number | undefined;
}

/** What one member saw of a channel's numbering: enough to tell holes without keeping every number. */
interface Sighting {
  first: number;
  highest: number;
  distinct: number;
  highestReceived: number;
}

/**
 * Knows which message should reach whom, and compares that with what did. A message is expected at every other
 * member who is connected when it is sent, and is due once it is acknowledged.
 */
export class DeliveryLedger {
  readonly #messages: SentMessage[] = [];
  readonly #sightings = new Map<Audience, Sighting[]>();
  #duplicates = 0;
  #misdelivered = 0;
  #ownEchoes = 0;
  #outOfOrder = 0;
  #numberConflicts = 0;

  begin(audience: Audience, sender: number, intendedAt: number, startedAt: number): SentMessage {
    const marks = new Uint8Array(audience.online.length);
    let expected = 0;
    for (let member = 0; member < marks.length; member++) {
      if (member === sender || audience.online[member] !== true) continue;
      marks[member] = EXPECTED;
      expected += 1;
    }
    const number = this.#messages.length;
    const message: SentMessage = {
      number,
      audience,
      sender,
      intendedAt,
      startedAt,
      marks,
      state: "pending",
      expected,
      seen: 0,
      seq: undefined,
    };
    this.#messages.push(message);
    return message;
  }

  message(number: number): SentMessage | undefined {
    return this.#messages[number];
  }

  acknowledged(message: SentMessage, seq: number): void {
    message.state = "acknowledged";
    this.#checkNumber(message, seq);
    const marks = message.marks[message.sender] ?? 0;
    message.marks[message.sender] = marks | ACKNOWLEDGED;
    if ((marks & RECEIVED) === 0) this.#sight(message.audience, message.sender, seq);
  }

  failed(message: SentMessage): void {
    message.state = "failed";
  }

  /**
   * A member received a message. Answers whether this is a delivery to time: the first at a member other than the
   * sender.
   */
  received(message: SentMessage, audience: Audience, member: number, seq: number): boolean {
    if (message.audience !== audience) {
      this.#misdelivered += 1;
      return false;
    }
    this.#checkNumber(message, seq);
    const marks = message.marks[member] ?? 0;
    if ((marks & RECEIVED) !== 0) {
      this.#duplicates += 1;
      return false;
    }
    message.marks[member] = marks | RECEIVED;
    if ((marks & ACKNOWLEDGED) === 0) this.#sight(audience, member, seq);
    this.#checkOrder(audience, member, seq);
    if (member === message.sender) {
      this.#ownEchoes += 1;
      return false;
    }
    if ((marks & EXPECTED) !== 0) message.seen += 1;
    return true;
  }

  /** A message that this run did not send takes a number too. */
  receivedForeign(audience: Audience, member: number, seq: number): void {
    this.#sight(audience, member, seq);
    this.#checkOrder(audience, member, seq);
  }

  /** How many messages were begun so far: the number of the next. */
  get count(): number {
    return this.#messages.length;
  }

  /** True while an acknowledgement, or a delivery that is due, has not come, of the messages from one number on. */
  outstanding(from = 0): boolean {
    for (let number = from; number < this.#messages.length; number++) {
      const message = this.#messages[number];
      if (message?.state === "pending") return true;
      if (message?.state === "acknowledged" && message.seen < message.expected) return true;
    }
    return false;
  }

  /** Deliveries of the acknowledged messages from one number on. */
  tally(from: number): { acknowledged: number; expected: number; seen: number } {
    const tally = { acknowledged: 0, expected: 0, seen: 0 };
    for (const message of this.#messages.slice(from)) {
      if (message.state !== "acknowledged") continue;
      tally.acknowledged += 1;
      tally.expected += message.expected;
      tally.seen += message.seen;
    }
    return tally;
  }

  pending(): SentMessage[] {
    return this.#messages.filter((message) => message.state === "pending");
  }

  summary(): DeliverySummary {
    let expected = 0;
    let seen = 0;
    let unacknowledged = 0;
    for (const message of this.#messages) {
      if (message.state === "acknowledged") {
        expected += message.expected;
        seen += message.seen;
      } else if (message.seen > 0) unacknowledged += 1;
    }
    return {
      expected,
      seen,
      dropped: expected - seen,
      duplicates: this.#duplicates,
      misdelivered: this.#misdelivered,
      own_echoes: this.#ownEchoes,
      out_of_order: this.#outOfOrder,
      number_conflicts: this.#numberConflicts,
      seq_holes: this.#holes(),
      delivered_unacknowledged: unacknowledged,
    };
  }

  /** One message has one number, whoever tells it. */
  #checkNumber(message: SentMessage, seq: number): void {
    if (message.seq === undefined) message.seq = seq;
    else if (message.seq !== seq) this.#numberConflicts += 1;
  }

  #sight(audience: Audience, member: number, seq: number): void {
    const sighting = this.#sightingOf(audience, member);
    sighting.distinct += 1;
    sighting.first = Math.min(sighting.first, seq);
    sighting.highest = Math.max(sighting.highest, seq);
  }

  #checkOrder(audience: Audience, member: number, seq: number): void {
    const sighting = this.#sightingOf(audience, member);
    if (seq < sighting.highestReceived) this.#outOfOrder += 1;
    else sighting.highestReceived = seq;
  }

  #sightingOf(audience: Audience, member: number): Sighting {
    let sightings = this.#sightings.get(audience);
    if (sightings === undefined) {
      sightings = audience.online.map(() => ({
        first: Number.POSITIVE_INFINITY,
        highest: 0,
        distinct: 0,
        highestReceived: 0,
      }));
      this.#sightings.set(audience, sightings);
    }
    const sighting = sightings[member];
    if (sighting === undefined) throw new RangeError(`channel ${audience.channelId} has no member ${member}`);
    return sighting;
  }

  /** Numbers that a member should have seen between its first and its last, and did not. */
  #holes(): number {
    let holes = 0;
    for (const sightings of this.#sightings.values()) {
      for (const { first, highest, distinct } of sightings) {
        if (distinct > 0) holes += Math.max(0, highest - first + 1 - distinct);
      }
    }
    return holes;
  }
}

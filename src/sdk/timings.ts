import { LIMITS } from "../protocol/limits.ts";

/** Every waiting time of the library, in milliseconds. */
export interface Timings {
  /** Between two pings. */
  pingEvery: number;
  /** From a ping to its answer; after it the connection counts as dead. */
  pongWithin: number;
  /** From the start of an attempt to an open socket. */
  openWithin: number;
  /** From a resume to its answer. */
  resumeWithin: number;
  /** From a request to its answer; after it the request is sent again under the same id. */
  answerWithin: number;
  /** Upper bound of the first reconnect delay, which doubles with each failure up to `backoffMax`. */
  backoffBase: number;
  backoffMax: number;
  /** A connection that lived longer starts the back-off anew. */
  stableAfter: number;
  /** A hole in a channel's sequence may close by itself for this long before history is read. */
  holeGrace: number;
  /** From joining a channel to asking who of it is there. */
  presenceAskAfter: number;
  /** Between two `typing.start` for one channel. */
  typingEvery: number;
  /** Until an incoming typing signal that was not renewed is dropped. */
  typingExpiry: number;
}

export const TIMINGS: Timings = {
  pingEvery: LIMITS.heartbeatSeconds * 1000,
  pongWithin: 10_000,
  openWithin: 10_000,
  resumeWithin: 15_000,
  answerWithin: 15_000,
  backoffBase: 1_000,
  backoffMax: 30_000,
  stableAfter: 5_000,
  holeGrace: 400,
  presenceAskAfter: 1_000,
  typingEvery: 3_000,
  typingExpiry: LIMITS.typingExpirySeconds * 1000,
};

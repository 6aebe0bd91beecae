import { TokenBucket } from "../../src/domain/token-bucket.ts";
import { CLOSE, type CloseReason } from "../../src/protocol/close-codes.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { FrameRun } from "./frame-run.ts";

/** What of a connection survives hibernation, as small as it can be: at most 16 KiB are allowed, and each change is written. */
export interface ConnectionState {
  id: string;
  userId: string;
  /** Unix milliseconds. */
  tokenExpiresAt: number;
  connectedAt: number;
  /** When the client last sent a frame other than the exact ping; refreshed at most every 25 s. */
  heardAt: number;
  /** Every entitled event after this journal seq has reached, or will reach, this connection. */
  resumeFrom: number;
  /** True where the client said that nobody is at it; absent for false. */
  away?: true;
  /** Users whose presence this connection is told; absent for none. */
  watching?: string[];
  /** Channel that the client shows, null for none; absent where it never said. */
  focus?: string | null;
  /** True where the client takes batch frames; absent for false. */
  batch?: true;
}

/** A socket as the hub sees it. */
export interface HubSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
  store(state: ConnectionState): void;
  /** Unix milliseconds of the last ping that the run-time answered by itself. */
  lastAutoResponse(): number | undefined;
}

const HEARD_STORE_MS = 25_000;

let ordinals = 0;

/** One client's socket with what the hub must remember of it. */
export class Connection {
  readonly state: ConnectionState;
  /** Numbers the connections of this isolate, so that they can be dealt out evenly. */
  readonly ordinal = ordinals++;
  /** While held, events wait in the journal for the client's `resume`; see `resume.ts`. */
  held: boolean;
  /** Live frames that are collected for one batch; see `batch-wheel.ts`. */
  waiting: FrameRun | undefined;
  readonly #socket: HubSocket;
  readonly #bucket: TokenBucket;
  /** Live events up to this journal seq were sent otherwise. */
  #through: number;
  #excessSince: number | undefined;
  #excessAt = 0;

  constructor(socket: HubSocket, state: ConnectionState, options: { through: number; held: boolean; now: number }) {
    this.#socket = socket;
    this.state = state;
    this.held = options.held;
    this.#through = options.through;
    this.#bucket = new TokenBucket(LIMITS.framesPerSecond, LIMITS.frameBurst, options.now);
  }

  get userId(): string {
    return this.state.userId;
  }

  /** Sends one frame. A socket that is gone swallows it: the journal has what was durable. */
  send(text: string): void {
    try {
      this.#socket.send(text);
    } catch {
      // Closed under our hands; its close event is on the way.
    }
  }

  get takesBatches(): boolean {
    return this.state.batch === true;
  }

  /** True where a live event is still to be sent: it neither waits for a resume nor was part of one. */
  takes(seq: number): boolean {
    return !this.held && seq > this.#through;
  }

  /** Sends what was collected, if anything was. */
  sendWaiting(): void {
    const run = this.waiting;
    if (run === undefined) return;
    this.waiting = undefined;
    this.send(run.text);
  }

  /** Events up to `seq` have been replayed to this connection, beginning after `from`. */
  replayed(from: number, seq: number): void {
    this.held = false;
    this.#through = Math.max(this.#through, seq);
    this.state.resumeFrom = Math.min(this.state.resumeFrom, from);
    this.#socket.store(this.state);
  }

  close(reason: CloseReason): void {
    this.sendWaiting();
    try {
      this.#socket.close(CLOSE[reason].code, CLOSE[reason].reason);
    } catch {
      // Closed already.
    }
  }

  /** Notes which channel the client shows, null for none. */
  focusOn(channelId: string | null): void {
    if (this.state.focus === channelId) return;
    this.state.focus = channelId;
    this.#socket.store(this.state);
  }

  /** Unix milliseconds at which the client was last heard, pings included. */
  lastHeard(): number {
    return Math.max(this.state.connectedAt, this.state.heardAt, this.#socket.lastAutoResponse() ?? 0);
  }

  /** Notes a sign of life, and stores it rarely enough that a busy client costs nothing. */
  heard(now: number): void {
    if (now - this.state.heardAt < HEARD_STORE_MS) return;
    this.state.heardAt = now;
    this.#socket.store(this.state);
  }

  /** Changes what is remembered of the client's own wishes, across hibernation too. */
  remember(wishes: Pick<ConnectionState, "away" | "watching">): void {
    Object.assign(this.state, wishes);
    this.#socket.store(this.state);
  }

  /** Takes one frame from the allowance: `drop` it when over, `close` when the excess has gone on too long. */
  admitFrame(now: number): "accept" | "drop" | "close" {
    if (this.#bucket.take(now)) return "accept";
    // A quiet second ends an excess.
    if (this.#excessSince === undefined || now - this.#excessAt > 1000) this.#excessSince = now;
    this.#excessAt = now;
    return now - this.#excessSince >= LIMITS.frameAbuseSeconds * 1000 ? "close" : "drop";
  }
}

import type { FrameDown } from "../protocol/frames-down.ts";
import type { FrameUp } from "../protocol/frames-up.ts";
import { backoffDelay } from "./backoff.ts";
import { closeAction } from "./close-policy.ts";
import { Emitter } from "./emitter.ts";
import { KabarError } from "./error.ts";
import { type DiscontinuityReason, ResumePoint } from "./resume-point.ts";
import { Socket, type SocketEnd, type WebSocketClass } from "./socket.ts";
import type { Timings } from "./timings.ts";
import type { TokenSource } from "./token.ts";

/** `offline` waits to connect again (or for `connect()` after `disconnect()`); `closed` does not. */
export type ConnectionState = "connecting" | "online" | "offline" | "closed";

export interface StateChange {
  state: ConnectionState;
  previous: ConnectionState;
  /** Why the connection is offline or closed, where something failed. */
  error?: KabarError;
}

export interface ConnectionEvents {
  state: StateChange;
  frame: FrameDown;
  /** A socket opened and takes frames; the resume has been sent on it. */
  open: undefined;
  discontinuity: DiscontinuityReason;
}

/** Keeps one WebSocket alive, and makes a lost one whole again by resume. */
export class Connection {
  readonly events = new Emitter<ConnectionEvents>();
  readonly #url: string;
  readonly #tokens: TokenSource;
  readonly #Ws: WebSocketClass;
  readonly #timings: Timings;
  readonly #resume = new ResumePoint();
  #state: ConnectionState = "offline";
  #socket: Socket | undefined;
  #open = false;
  #failures = 0;
  #openedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #resumeTimer: ReturnType<typeof setTimeout> | undefined;
  /** Changes with each attempt, so that a token that arrives late belongs to nothing. */
  #attempt = 0;

  constructor(url: string, tokens: TokenSource, Ws: WebSocketClass, timings: Timings) {
    this.#url = url;
    this.#tokens = tokens;
    this.#Ws = Ws;
    this.#timings = timings;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Connects now: for the first time, after `disconnect()`, after a close, or ahead of a waiting back-off. */
  connect(): void {
    if (this.#state === "online" || this.#state === "connecting") return;
    void this.#start();
  }

  /** Goes offline and stays so until `connect()`. Unanswered requests wait, and the resume point is kept. */
  disconnect(): void {
    this.#stop();
    this.#setState("offline");
  }

  /** Ends the connection; unanswered requests fail. */
  close(): void {
    this.#stop();
    this.#setState("closed");
  }

  /** Sends a frame where the socket is open; otherwise returns false. */
  send(frame: FrameUp): boolean {
    if (!this.#open) return false;
    this.#socket?.send(JSON.stringify(frame));
    return true;
  }

  async #start(): Promise<void> {
    this.#stop();
    this.#setState("connecting");
    const attempt = this.#attempt;
    let token: string;
    try {
      token = await this.#tokens.get();
    } catch (error) {
      if (attempt === this.#attempt) this.#retryLater(error as KabarError);
      return;
    }
    if (attempt !== this.#attempt) return;
    this.#socket = new Socket(
      this.#Ws,
      this.#url,
      token,
      {
        open: () => this.#opened(),
        frame: (frame) => this.#received(frame),
        end: (end) => this.#ended(end, token),
      },
      this.#timings,
    );
  }

  #opened(): void {
    this.#open = true;
    this.#openedAt = Date.now();
    const resume = this.#resume.open();
    if (resume) {
      // First frame of the socket: the server holds live events until it comes.
      this.send(resume);
      this.#resumeTimer = setTimeout(() => this.#failResume("it was not answered"), this.#timings.resumeWithin);
    }
    this.events.emit("open", undefined);
  }

  #received(frame: FrameDown): void {
    const note = this.#resume.note(frame);
    if (note.kind === "retry") {
      this.#failResume("the server could not do it now");
      return;
    }
    if (!this.#resume.pending) clearTimeout(this.#resumeTimer);
    if (frame.type === "connection.ready") this.#setState("online");
    if (note.kind === "discontinuity") this.events.emit("discontinuity", note.reason);
    this.events.emit("frame", frame);
  }

  #failResume(reason: string): void {
    this.#stop();
    this.#retryLater(new KabarError("NETWORK_ERROR", "resume the connection", reason));
  }

  #ended(end: SocketEnd, token: string): void {
    const lived = this.#open ? Date.now() - this.#openedAt : 0;
    this.#stop();
    const reason = end.reason || (end.opened ? `it was closed with code ${end.code}` : "the server did not accept it");
    const error = new KabarError("CONNECTION_CLOSED", "keep the connection", reason);
    const action = end.opened ? closeAction(end.code) : "refresh";
    if (action === "stop") {
      this.#setState("closed", error);
      return;
    }
    // A browser does not tell a refused token from an unreachable server, so an attempt that never opened drops it too.
    if (action === "refresh") this.#tokens.refused(token);
    if (lived > this.#timings.stableAfter) this.#failures = 0;
    if (action === "refresh" && this.#failures === 0 && end.opened) {
      this.#failures = 1;
      void this.#start();
      return;
    }
    this.#retryLater(error);
  }

  #retryLater(error: KabarError): void {
    const delay = backoffDelay(this.#failures, this.#timings.backoffBase, this.#timings.backoffMax);
    this.#failures += 1;
    // The timer first: a listener of the state may connect, disconnect or close, which clears it.
    this.#timer = setTimeout(() => void this.#start(), delay);
    this.#setState("offline", error);
  }

  /** Drops the socket and every timer; what was under way belongs to nothing from here on. */
  #stop(): void {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#resumeTimer);
    this.#open = false;
    this.#socket?.cut();
    this.#socket = undefined;
  }

  #setState(state: ConnectionState, error?: KabarError): void {
    const previous = this.#state;
    if (previous === state) return;
    this.#state = state;
    this.events.emit("state", { state, previous, error });
  }
}

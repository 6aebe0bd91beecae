import type { FrameDown } from "../protocol/frames-down.ts";
import type { FrameUp } from "../protocol/frames-up.ts";
import { LIMITS } from "../protocol/limits.ts";
import { backoffDelay } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import { KabarError } from "./error.ts";
import type { Timings } from "./timings.ts";

/** A frame that wants an answer. Repeating it must be harmless: it is sent again until it is answered. */
export type RequestFrame = FrameUp & { id: string };

/** The answers that settle a request well. */
export type Answer = Extract<FrameDown, { type: "message.ack" | "ok" }>;

interface Pending {
  frame: RequestFrame;
  action: string;
  /** `held`: so are all requests behind it. */
  state: "waiting" | "sent" | "delayed" | "held";
  failures: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  resolve(answer: Answer): void;
  reject(error: KabarError): void;
}

/** Unanswered frames on the wire at once, so that a long queue does not trip the limit of frames per second. */
const WINDOW = 16;
/** Answers "cannot now" after which a request fails. */
const MAX_FAILURES = 5;
/** Seconds for which a request waits by itself where it came too fast; the limit of frames asks for one. */
const MAX_HOLD_SECONDS = 2;

/** Requests and their answers: kept in order over reconnects until each is answered or refused. */
export class Requests {
  readonly #connection: Connection;
  readonly #timings: Timings;
  readonly #pending = new Map<string, Pending>();

  constructor(connection: Connection, timings: Timings) {
    this.#connection = connection;
    this.#timings = timings;
    connection.events.on("open", () => this.#resend());
    connection.events.on("frame", (frame) => this.#take(frame));
    connection.events.on("state", ({ state, error }) => {
      if (state === "closed") this.#failAll(error?.message ?? "the connection was closed");
    });
  }

  /**
   * Sends a request now, or as soon as the connection is open.
   * @param action what the caller wants, for the error text: "send the message"
   * @throws {KabarError} where the server refuses, or the connection is closed for good
   */
  request(frame: RequestFrame, action: string): Promise<Answer> {
    if (this.#connection.state === "closed") {
      return Promise.reject(new KabarError("CONNECTION_CLOSED", action, "the connection is closed"));
    }
    if (new TextEncoder().encode(JSON.stringify(frame)).byteLength > LIMITS.frameBytes) {
      // The server would close the whole connection over it.
      const reason = `it is larger than ${LIMITS.frameBytes} bytes`;
      return Promise.reject(new KabarError("MESSAGE_TOO_LARGE", action, reason));
    }
    return new Promise((resolve, reject) => {
      this.#pending.set(frame.id, { frame, action, state: "waiting", failures: 0, timer: undefined, resolve, reject });
      this.#pump();
    });
  }

  #resend(): void {
    for (const pending of this.#pending.values()) if (pending.state === "sent") this.#set(pending, "waiting");
    this.#pump();
  }

  #pump(): void {
    let free = WINDOW;
    for (const pending of this.#pending.values()) if (pending.state === "sent") free -= 1;
    for (const pending of this.#pending.values()) {
      // What goes past one that came too fast would come too fast as well, and in another order.
      if (free <= 0 || pending.state === "held") return;
      if (pending.state !== "waiting") continue;
      if (!this.#connection.send(pending.frame)) return;
      this.#set(pending, "sent", this.#timings.answerWithin);
      free -= 1;
    }
  }

  #set(pending: Pending, state: Pending["state"], waitingAfterMs?: number): void {
    clearTimeout(pending.timer);
    pending.state = state;
    if (waitingAfterMs === undefined) return;
    pending.timer = setTimeout(() => {
      this.#set(pending, "waiting");
      this.#pump();
    }, waitingAfterMs);
  }

  #take(frame: FrameDown): void {
    if (frame.type !== "message.ack" && frame.type !== "ok" && frame.type !== "error") return;
    const pending = this.#pending.get(frame.id ?? frame.data.id ?? "");
    if (!pending) return;
    if (frame.type !== "error") {
      this.#settle(pending);
      pending.resolve(frame);
    } else {
      this.#refused(pending, frame.data);
    }
    this.#pump();
  }

  #refused(pending: Pending, data: Extract<FrameDown, { type: "error" }>["data"]): void {
    const { code, message, details, retry_after: retryAfter } = data;
    pending.failures += 1;
    const isBrief = code === "RATE_LIMITED" && retryAfter !== undefined && retryAfter <= MAX_HOLD_SECONDS;
    if (isBrief && pending.failures < MAX_FAILURES) {
      this.#set(pending, "held", retryAfter * 1000);
      return;
    }
    if ((code === "INTERNAL" || code === "UPSTREAM_UNAVAILABLE") && pending.failures < MAX_FAILURES) {
      const delay =
        retryAfter === undefined
          ? backoffDelay(pending.failures, this.#timings.backoffBase, this.#timings.backoffMax)
          : retryAfter * 1000;
      this.#set(pending, "delayed", delay);
      return;
    }
    this.#settle(pending);
    pending.reject(new KabarError(code, pending.action, message, { details, retryAfter }));
  }

  #settle(pending: Pending): void {
    clearTimeout(pending.timer);
    this.#pending.delete(pending.frame.id);
  }

  #failAll(reason: string): void {
    for (const pending of [...this.#pending.values()]) {
      this.#settle(pending);
      pending.reject(new KabarError("CONNECTION_CLOSED", pending.action, reason));
    }
  }
}

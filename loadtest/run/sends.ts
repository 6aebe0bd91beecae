import { messageSchema } from "../../src/protocol/message.ts";
import type { DeliveryLedger, SentMessage } from "../measure/ledger.ts";
import type { Recorder } from "../measure/recorder.ts";
import { type HttpClient, HttpError, parseAnswer } from "../net/http-client.ts";
import { markedContent } from "./message-mark.ts";
import type { Session } from "./session.ts";

type Path = "send_socket" | "send_rest";

/** Starts the messages of a run, over either path, and settles each when its answer comes. */
export class Sends {
  readonly #run: string;
  readonly #contentBytes: number;
  readonly #recorder: Recorder;
  readonly #ledger: DeliveryLedger;
  readonly #http: HttpClient;
  /** Message number → the way it went. */
  readonly #paths: Path[] = [];
  /** Messages over a socket that have no answer yet, for sockets that come back. */
  readonly #unanswered = new Map<Session, Set<SentMessage>>();
  /** Message number → who waits for it to be settled. */
  readonly #waiting = new Map<number, () => void>();

  constructor(run: string, contentBytes: number, recorder: Recorder, ledger: DeliveryLedger, http: HttpClient) {
    this.#run = run;
    this.#contentBytes = contentBytes;
    this.#recorder = recorder;
    this.#ledger = ledger;
    this.#http = http;
  }

  /** `settled` is called once it is acknowledged or failed. */
  overSocket(session: Session, dueAt: number, settled?: () => void): void {
    if (!session.open && !session.away) {
      this.#recorder.sends.attempted += 1;
      this.#recorder.sends.failed += 1;
      this.#recorder.error("send_socket", "SOCKET_CLOSED", "the sender's socket is closed");
      settled?.();
      return;
    }
    const message = this.#begin(session, dueAt, "send_socket", settled);
    const unanswered = this.#unanswered.get(session) ?? new Set();
    for (const earlier of unanswered) if (earlier.state !== "pending") unanswered.delete(earlier);
    this.#unanswered.set(session, unanswered.add(message));
    // A client without a network keeps the message until it is back.
    if (session.open) this.#transmit(session, message);
  }

  overRest(session: Session, dueAt: number, settled?: () => void): void {
    const message = this.#begin(session, dueAt, "send_rest", settled);
    const path = `/v1/channels/${message.audience.channelId}/messages`;
    this.#http
      .request({ method: "POST", path, credential: session.user.token, body: this.#body(message) })
      .then((answer) => this.#settle(message, parseAnswer(answer, messageSchema()).seq, answer.at))
      .catch((error: unknown) => {
        const code = error instanceof HttpError ? error.code : "INVALID_ANSWER";
        this.#fail(message, code, error instanceof Error ? error.message : String(error));
      });
  }

  /** Sends again, with the same keys, what a session that came back has no answer for. */
  resend(session: Session): void {
    const unanswered = this.#unanswered.get(session) ?? new Set();
    for (const message of unanswered) if (message.state === "pending") this.#transmit(session, message);
  }

  /** A `message.ack` came. */
  answered(id: string | undefined, seq: number, at: number): void {
    const message = this.#find(id);
    if (message?.state === "pending") this.#settle(message, seq, at);
    else this.#recorder.error("frame", "UNEXPECTED_ACK", `an ack for ${id ?? "nothing"}`);
  }

  /** An `error` frame came; false where it is not the answer to a send. */
  refused(id: string | undefined, code: string, text: string): boolean {
    const message = this.#find(id);
    if (message?.state !== "pending") return false;
    this.#fail(message, code, text);
    return true;
  }

  /** At the end: sends without an answer are failures, and count with the time that was waited for them. */
  giveUp(): void {
    const now = performance.now();
    for (const message of this.#ledger.pending()) {
      this.#recorder.sent(this.#pathOf(message), message.intendedAt, message.startedAt, now);
      this.#fail(message, "NO_ANSWER", "no answer until the end");
    }
  }

  #transmit(session: Session, message: SentMessage): void {
    session.sendMessage({
      type: "message.send",
      id: String(message.number),
      data: { channel_id: message.audience.channelId, ...this.#body(message) },
    });
  }

  #begin(session: Session, dueAt: number, path: Path, settled: (() => void) | undefined): SentMessage {
    const { group, member } = session.user;
    const startedAt = performance.now();
    const message = this.#ledger.begin(group, member, Math.min(dueAt, startedAt), startedAt);
    this.#paths[message.number] = path;
    if (settled !== undefined) this.#waiting.set(message.number, settled);
    this.#recorder.sends.attempted += 1;
    return message;
  }

  #body(message: SentMessage): { content: string; idempotency_key: string } {
    return {
      content: markedContent(this.#run, message.number, this.#contentBytes),
      idempotency_key: `load-${this.#run}-${message.number}`,
    };
  }

  #find(id: string | undefined): SentMessage | undefined {
    return id === undefined ? undefined : this.#ledger.message(Number(id));
  }

  #settle(message: SentMessage, seq: number, at: number): void {
    if (message.state !== "pending") return;
    this.#ledger.acknowledged(message, seq);
    this.#recorder.sends.acknowledged += 1;
    this.#recorder.sent(this.#pathOf(message), message.intendedAt, message.startedAt, at);
    this.#settled(message);
  }

  #fail(message: SentMessage, code: string, text: string): void {
    if (message.state !== "pending") return;
    this.#ledger.failed(message);
    this.#recorder.sends.failed += 1;
    this.#recorder.error(this.#pathOf(message), code, text);
    this.#settled(message);
  }

  #settled({ number }: SentMessage): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    waiting?.();
  }

  #pathOf({ number }: SentMessage): Path {
    return this.#paths[number] ?? "send_rest";
  }
}

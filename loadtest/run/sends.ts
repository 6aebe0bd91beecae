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

  constructor(run: string, contentBytes: number, recorder: Recorder, ledger: DeliveryLedger, http: HttpClient) {
    this.#run = run;
    this.#contentBytes = contentBytes;
    this.#recorder = recorder;
    this.#ledger = ledger;
    this.#http = http;
  }

  overSocket(session: Session, dueAt: number): void {
    if (!session.open) {
      this.#recorder.sends.attempted += 1;
      this.#recorder.sends.failed += 1;
      this.#recorder.error("send_socket", "SOCKET_CLOSED", "the sender's socket is closed");
      return;
    }
    const message = this.#begin(session, dueAt, "send_socket");
    session.sendMessage({
      type: "message.send",
      id: String(message.number),
      data: { channel_id: message.audience.channelId, ...this.#body(message) },
    });
  }

  overRest(session: Session, dueAt: number): void {
    const message = this.#begin(session, dueAt, "send_rest");
    const path = `/v1/channels/${message.audience.channelId}/messages`;
    this.#http
      .request({ method: "POST", path, credential: session.user.token, body: this.#body(message) })
      .then((answer) => this.#settle(message, parseAnswer(answer, messageSchema).seq, answer.at))
      .catch((error: unknown) => {
        const code = error instanceof HttpError ? error.code : "INVALID_ANSWER";
        this.#fail(message, code, error instanceof Error ? error.message : String(error));
      });
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
      this.#time(message, now);
      this.#fail(message, "NO_ANSWER", "no answer until the end");
    }
  }

  #begin(session: Session, dueAt: number, path: Path): SentMessage {
    const { group, member } = session.user;
    const startedAt = performance.now();
    const message = this.#ledger.begin(group, member, Math.min(dueAt, startedAt), startedAt);
    this.#paths[message.number] = path;
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
    this.#time(message, at);
  }

  #fail(message: SentMessage, code: string, text: string): void {
    if (message.state !== "pending") return;
    this.#ledger.failed(message);
    this.#recorder.sends.failed += 1;
    this.#recorder.error(this.#paths[message.number] ?? "send_rest", code, text);
  }

  #time(message: SentMessage, at: number): void {
    const { send, sendSocket, sendRest } = this.#recorder;
    const own = this.#paths[message.number] === "send_socket" ? sendSocket : sendRest;
    send.record(message.intendedAt, message.startedAt, at);
    own.record(message.intendedAt, message.startedAt, at);
  }
}

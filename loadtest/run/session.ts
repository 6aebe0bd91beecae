import { PING_TEXT, type SendFrame } from "../../src/protocol/frames-up.ts";
import { WS_SUBPROTOCOL_PREFIX } from "../../src/protocol/token.ts";
import type { DeliveryLedger } from "../measure/ledger.ts";
import type { Recorder } from "../measure/recorder.ts";
import { RawSocket, type SocketEvents } from "../net/raw-socket.ts";
import type { FrameReader, Received } from "./frame-reader.ts";
import type { LoadUser } from "./population.ts";
import type { Sends } from "./sends.ts";

/** What all sessions of a run share. */
export interface RunContext {
  socketUrl: URL;
  recorder: Recorder;
  ledger: DeliveryLedger;
  frames: FrameReader;
  sends: Sends;
  /** Pings that were due before this moment are not counted. */
  measureFrom: number;
}

const CONNECT_TIMEOUT_MS = 15_000;
const READY_TIMEOUT_MS = 15_000;

/** One user's connection: pings, sends, and notes what arrives. */
export class Session implements SocketEvents {
  readonly user: LoadUser;
  readonly #context: RunContext;
  #socket: RawSocket | undefined;
  #closing = false;
  /** Intended and actual moments of the pings without an answer; answers come in order. */
  readonly #pings: { dueAt: number; startedAt: number }[] = [];
  #onReady: ((at: number | undefined) => void) | undefined;

  constructor(user: LoadUser, context: RunContext) {
    this.user = user;
    this.#context = context;
  }

  get open(): boolean {
    return this.user.group.online[this.user.member] === true;
  }

  /** Upgrades and waits for `connection.ready`. Rejects with `UpgradeError`; false where the upgrade was not followed by it. */
  async connect(dueAt: number): Promise<boolean> {
    const { socketUrl, recorder } = this.#context;
    const ready = new Promise<number | undefined>((resolve) => {
      this.#onReady = resolve;
    });
    const startedAt = performance.now();
    this.#socket = await RawSocket.connect(
      socketUrl,
      `${WS_SUBPROTOCOL_PREFIX}${this.user.token}`,
      this,
      CONNECT_TIMEOUT_MS,
    );
    recorder.upgrade.record(dueAt, startedAt, performance.now());
    const timer = setTimeout(() => this.#onReady?.(undefined), READY_TIMEOUT_MS);
    const readyAt = await ready;
    clearTimeout(timer);
    if (readyAt === undefined) return false;
    recorder.ready.record(dueAt, startedAt, readyAt);
    return true;
  }

  ping(dueAt: number): void {
    if (!this.open || this.#socket === undefined) return;
    const startedAt = performance.now();
    this.#pings.push({ dueAt, startedAt });
    if (dueAt >= this.#context.measureFrom) this.#context.recorder.pings.sent += 1;
    this.#socket.send(PING_TEXT);
  }

  sendMessage(frame: SendFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  close(): void {
    this.#closing = true;
    this.#socket?.close();
  }

  message(payload: Buffer, at: number): void {
    this.#handle(this.#context.frames.read(payload), at);
  }

  closed(code: number, reason: string): void {
    if (!this.#closing) this.#context.recorder.closed(code, reason);
    this.user.group.online[this.user.member] = false;
    this.#socket = undefined;
    this.#onReady?.(undefined);
  }

  #handle(received: Received, at: number): void {
    const { recorder, sends } = this.#context;
    switch (received.kind) {
      case "pong":
        this.#pong(at);
        break;
      case "ready":
        this.user.group.online[this.user.member] = true;
        this.#onReady?.(at);
        break;
      case "created":
        this.#created(received.number, received.seq, at);
        break;
      case "ack":
        sends.answered(received.id, received.seq, at);
        break;
      case "error":
        if (!sends.refused(received.id, received.code, received.message)) {
          recorder.error("frame", received.code, received.message);
        }
        break;
      case "invalid":
        recorder.error("frame", "INVALID_FRAME", received.message);
        break;
      case "other":
        break;
    }
  }

  #pong(at: number): void {
    const { recorder, measureFrom } = this.#context;
    const ping = this.#pings.shift();
    if (ping === undefined) recorder.error("frame", "UNEXPECTED_PONG", "a pong without a ping");
    else if (ping.dueAt >= measureFrom) {
      recorder.pings.answered += 1;
      recorder.ping.record(Math.min(ping.dueAt, ping.startedAt), ping.startedAt, at);
    }
  }

  #created(number: number | undefined, seq: number, at: number): void {
    const { recorder, ledger } = this.#context;
    const { group, member } = this.user;
    const message = number === undefined ? undefined : ledger.message(number);
    if (message === undefined) ledger.receivedForeign(group, member, seq);
    else if (ledger.received(message, group, member, seq)) {
      recorder.delivery.record(message.intendedAt, message.startedAt, at);
    }
  }
}

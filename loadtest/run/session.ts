import { PING_TEXT, type ResumeFrame, type SendFrame } from "../../src/protocol/frames-up.ts";
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

/** How a session came back: what it missed, or the advice to read history. */
export type Resumption = { kind: "resumed"; count: number } | { kind: "resync"; reason: string };

const CONNECT_TIMEOUT_MS = 15_000;
const READY_TIMEOUT_MS = 15_000;

/** One user's connection: pings, sends, and notes what arrives. */
export class Session implements SocketEvents {
  readonly user: LoadUser;
  readonly #context: RunContext;
  #socket: RawSocket | undefined;
  /** `away`: its network went, it will be back, and until then it counts as a recipient: nothing may be lost to it. */
  #state: "closed" | "open" | "away" = "closed";
  #closing = false;
  /** Place after which a resume continues. */
  #cursor: string | undefined;
  /** Intended and actual moments of the pings without an answer; answers come in order. */
  #pings: { dueAt: number; startedAt: number }[] = [];
  #onReady: ((at: number | undefined) => void) | undefined;
  #onResumed: ((resumption: Resumption | undefined) => void) | undefined;

  constructor(user: LoadUser, context: RunContext) {
    this.user = user;
    this.#context = context;
  }

  get open(): boolean {
    return this.#state === "open";
  }

  get away(): boolean {
    return this.#state === "away";
  }

  /** Upgrades and waits for `connection.ready`. Rejects with `UpgradeError`; false where the upgrade was not followed by it. */
  async connect(dueAt: number): Promise<boolean> {
    const { recorder } = this.#context;
    const startedAt = performance.now();
    const { upgradedAt, readyAt } = await this.#openSocket();
    recorder.upgrade.record(dueAt, startedAt, upgradedAt);
    if (readyAt === undefined) return false;
    recorder.ready.record(dueAt, startedAt, readyAt);
    return true;
  }

  /** Cuts the connection as a network that goes away does. */
  drop(): void {
    if (this.#state !== "open") return;
    this.#state = "away";
    this.#dismissPings();
    this.#socket?.drop();
    this.#socket = undefined;
  }

  /** Comes back after `drop` and asks for what it missed. Rejects with `UpgradeError`; undefined where nothing answered. */
  async resume(): Promise<Resumption | undefined> {
    const { readyAt } = await this.#openSocket();
    if (readyAt === undefined) return undefined;
    const resumed = new Promise<Resumption | undefined>((resolve) => {
      this.#onResumed = resolve;
    });
    const timer = setTimeout(() => this.#onResumed?.(undefined), READY_TIMEOUT_MS);
    const frame: ResumeFrame = { type: "resume", data: { cursor: this.#cursor ?? "" } };
    this.#socket?.send(JSON.stringify(frame));
    const resumption = await resumed;
    clearTimeout(timer);
    if (resumption !== undefined) this.#context.sends.resend(this);
    return resumption;
  }

  /** Gives up coming back. */
  lose(): void {
    this.#end();
    this.#socket?.drop();
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
    this.#socket = undefined;
    if (this.#state !== "away") this.#end();
    this.#onReady?.(undefined);
    this.#onResumed?.(undefined);
  }

  /** Upgrades, and waits for `connection.ready`: undefined where it does not come. */
  async #openSocket(): Promise<{ upgradedAt: number; readyAt: number | undefined }> {
    const ready = new Promise<number | undefined>((resolve) => {
      this.#onReady = resolve;
    });
    this.#socket = await this.#upgrade();
    const upgradedAt = performance.now();
    const timer = setTimeout(() => this.#onReady?.(undefined), READY_TIMEOUT_MS);
    const readyAt = await ready;
    clearTimeout(timer);
    return { upgradedAt, readyAt };
  }

  async #upgrade(): Promise<RawSocket> {
    const protocol = `${WS_SUBPROTOCOL_PREFIX}${this.user.token}`;
    let socket: RawSocket | undefined;
    // A socket that was replaced has nothing more to say.
    const events: SocketEvents = {
      message: (payload, at) => {
        if (socket === undefined || this.#socket === undefined || this.#socket === socket) this.message(payload, at);
      },
      closed: (code, reason) => {
        if (this.#socket === socket) this.closed(code, reason);
      },
    };
    socket = await RawSocket.connect(this.#context.socketUrl, protocol, events, CONNECT_TIMEOUT_MS);
    return socket;
  }

  #end(): void {
    this.#state = "closed";
    this.user.group.online[this.user.member] = false;
  }

  /** Nobody is there any more to answer them. */
  #dismissPings(): void {
    const { recorder, measureFrom } = this.#context;
    recorder.pings.sent -= this.#pings.filter(({ dueAt }) => dueAt >= measureFrom).length;
    this.#pings = [];
  }

  #handle(received: Received, at: number): void {
    const { recorder, sends } = this.#context;
    switch (received.kind) {
      case "pong":
        this.#pong(at);
        break;
      case "ready":
        this.#ready(received.cursor, at);
        break;
      case "created":
        this.#cursor = received.cursor;
        this.#created(received.number, received.seq, at);
        break;
      case "batch":
        for (const event of received.events) this.#handle(event, at);
        break;
      case "ack":
        sends.answered(received.id, received.seq, at);
        break;
      case "resumed":
        this.#cursor = received.cursor;
        this.#backAgain({ kind: "resumed", count: received.count });
        break;
      case "resync":
        this.#backAgain({ kind: "resync", reason: received.reason });
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
        if (received.cursor !== undefined) this.#cursor = received.cursor;
        break;
    }
  }

  #ready(cursor: string, at: number): void {
    // One that comes back keeps its own place until it has resumed from there.
    if (this.#state === "closed") {
      this.#cursor = cursor;
      this.#state = "open";
    }
    this.user.group.online[this.user.member] = true;
    this.#onReady?.(at);
  }

  #backAgain(resumption: Resumption): void {
    this.#state = "open";
    this.#onResumed?.(resumption);
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
      recorder.delivered(message.intendedAt, message.startedAt, at);
    }
  }
}

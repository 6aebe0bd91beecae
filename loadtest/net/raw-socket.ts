import type net from "node:net";
import { systemCode } from "../errors.ts";
import { openStream } from "./stream.ts";
import { closePayload, encodeFrame, FrameParser, OPCODE, readClose } from "./ws-frames.ts";
import { newKey, parseHead, type ResponseHead, upgradeFault, upgradeRequest } from "./ws-handshake.ts";

/** What a socket tells its owner. */
export interface SocketEvents {
  /** A text message; `at` is when its last bytes were read, on the clock of `performance.now()`. */
  message(payload: Buffer, at: number): void;
  /** A binary message; whoever does not ask for them ignores them. */
  binary?(payload: Buffer, at: number): void;
  /** The answer to a ping frame that the owner sent. */
  pong?(at: number): void;
  /** Once, at the end, however it came; 1006 where no close frame was received. */
  closed(code: number, reason: string): void;
}

/** The server did not switch protocols. */
export class UpgradeError extends Error {
  override readonly name = "UpgradeError";
  /** API error code, or a name for what happened below HTTP. */
  readonly code: string;
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: string, status = 0, retryAfterSeconds?: number) {
    super(`upgrade failed: ${code}${status === 0 ? "" : ` (HTTP ${status})`}`);
    this.code = code;
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const MAX_HEAD_BYTES = 64 * 1024;
const CLOSE_WAIT_MS = 2_000;

/**
 * A WebSocket client on `net`. The generator shares its processor cores with the server, so it does only what a
 * load run needs: no extensions, no event objects, no decoding of what arrives.
 */
export class RawSocket {
  readonly #stream: net.Socket;
  readonly #events: SocketEvents;
  readonly #parser: FrameParser;
  #at = 0;
  #close: { code: number; reason: string } | undefined;
  #closeSent = false;

  /** Connects and upgrades; rejects with `UpgradeError`. Messages may arrive before the promise is settled. */
  static connect(url: URL, protocol: string, events: SocketEvents, timeoutMs: number): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const key = newKey();
      let read = (chunk: Buffer): void => onData(chunk);
      const stream = openStream(
        url,
        () => stream.write(upgradeRequest(url, key, protocol)),
        (chunk) => read(chunk),
      );
      stream.setNoDelay(true);
      let received: Buffer = Buffer.alloc(0);

      const settle = () => {
        clearTimeout(timer);
        stream.off("error", onError).off("close", onClose);
      };
      const fail = (error: UpgradeError) => {
        settle();
        stream.on("error", () => {}).destroy();
        reject(error);
      };
      const onError = (error: Error) => fail(new UpgradeError(systemCode(error, "SOCKET_ERROR")));
      const onClose = () => fail(new UpgradeError("CLOSED_EARLY"));
      const onData = (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        const answer = readAnswer(received);
        if (answer === undefined) {
          if (received.length > MAX_HEAD_BYTES) fail(new UpgradeError("BAD_ANSWER"));
          return;
        }
        const { head, rest } = answer;
        const fault = head.status === 101 ? upgradeFault(head, key, protocol) : undefined;
        if (head.status !== 101) fail(refusal(head, rest));
        else if (fault !== undefined) fail(new UpgradeError(fault, head.status));
        else {
          settle();
          const socket = new RawSocket(stream, events);
          read = (next) => socket.#read(next);
          resolve(socket);
          if (rest.length > 0) socket.#read(rest);
        }
      };
      const timer = setTimeout(() => fail(new UpgradeError("TIMEOUT")), timeoutMs);
      stream.on("error", onError).on("close", onClose);
    });
  }

  private constructor(stream: net.Socket, events: SocketEvents) {
    this.#stream = stream;
    this.#events = events;
    this.#parser = new FrameParser((opcode, payload) => this.#onFrame(opcode, payload));
    // What was wrong shows as a close without a close frame.
    stream.on("error", () => {});
    stream.on("end", () => stream.end());
    stream.on("close", () => events.closed(this.#close?.code ?? 1006, this.#close?.reason ?? ""));
  }

  /** Sends a text message. */
  send(text: string): void {
    this.#stream.write(encodeFrame(OPCODE.TEXT, text));
  }

  /** Sends bytes that are a frame already, such as one made with `encodeFrame`. */
  sendFrame(frame: Buffer): void {
    this.#stream.write(frame);
  }

  /** Starts the closing handshake, and cuts the connection where the server does not answer it. */
  close(code = 1000): void {
    this.#sendClose(closePayload(code));
  }

  /** Cuts the connection without a word, as a network that goes away does. */
  drop(): void {
    this.#stream.destroy();
  }

  #sendClose(payload: Buffer): void {
    if (this.#closeSent || this.#stream.destroyed) return;
    this.#closeSent = true;
    this.#stream.write(encodeFrame(OPCODE.CLOSE, payload));
    const timer = setTimeout(() => this.#stream.destroy(), CLOSE_WAIT_MS);
    this.#stream.once("close", () => clearTimeout(timer));
  }

  #read(chunk: Buffer): void {
    this.#at = performance.now();
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.#close = { code: 1002, reason: error instanceof Error ? error.message : "protocol error" };
      this.#stream.destroy();
    }
  }

  #onFrame(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.TEXT) this.#events.message(payload, this.#at);
    else if (opcode === OPCODE.BINARY) this.#events.binary?.(payload, this.#at);
    else if (opcode === OPCODE.PING) this.#stream.write(encodeFrame(OPCODE.PONG, payload));
    else if (opcode === OPCODE.PONG) this.#events.pong?.(this.#at);
    else if (opcode === OPCODE.CLOSE) {
      this.#close ??= readClose(payload);
      this.#sendClose(payload.subarray(0, 2));
      this.#stream.end();
    }
  }
}

/** Head and what follows; undefined while the head, or the body of a refusal, is not complete. */
function readAnswer(received: Buffer): { head: ResponseHead; rest: Buffer } | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = parseHead(received.toString("latin1", 0, end));
  const rest = received.subarray(end + 4);
  const bodyBytes = head.status === 101 ? 0 : Number(head.headers.get("content-length") ?? 0);
  return rest.length < bodyBytes ? undefined : { head, rest };
}

function refusal(head: ResponseHead, body: Buffer): UpgradeError {
  const code = /"code"\s*:\s*"([A-Z_]+)"/.exec(body.toString("latin1"))?.[1] ?? `HTTP_${head.status}`;
  const retryAfter = Number(head.headers.get("retry-after") ?? Number.NaN);
  return new UpgradeError(code, head.status, Number.isNaN(retryAfter) ? undefined : retryAfter);
}

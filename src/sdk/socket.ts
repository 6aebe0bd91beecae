import type { FrameDown } from "../protocol/frames-down.ts";
import { Heartbeat } from "./heartbeat.ts";
import { parseFrames } from "./parse-frame.ts";
import type { Timings } from "./timings.ts";
import { PING_TEXT, WS_SUBPROTOCOL_PREFIX } from "./wire.ts";

/** How a socket ended. `code` is 1006 where no close frame came; `opened` tells a lost line from a refused one. */
export interface SocketEnd {
  code: number;
  reason: string;
  opened: boolean;
}

export interface SocketHandlers {
  open(): void;
  frame(frame: FrameDown): void;
  end(end: SocketEnd): void;
}

export type WebSocketClass = new (url: string, protocols: string[]) => WebSocket;

/** One WebSocket from its attempt to its end. `end` is called once; after it, or after `cut`, nothing is called. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #handlers: SocketHandlers;
  readonly #heartbeat: Heartbeat;
  readonly #openTimer: ReturnType<typeof setTimeout>;
  #ended = false;
  #opened = false;

  constructor(Ws: WebSocketClass, url: string, token: string, handlers: SocketHandlers, timings: Timings) {
    this.#handlers = handlers;
    this.#socket = new Ws(url, [WS_SUBPROTOCOL_PREFIX + token]);
    // A dead line never finishes the closing handshake, so the end is declared here rather than awaited.
    const lost = (reason: string) => this.#end({ code: 1006, reason, opened: this.#opened });
    this.#openTimer = setTimeout(() => lost("the connection took too long to open"), timings.openWithin);
    this.#heartbeat = new Heartbeat(
      () => this.send(PING_TEXT),
      () => lost("no answer to a ping"),
      timings.pingEvery,
      timings.pongWithin,
    );
    this.#socket.onopen = () => this.#open();
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#end({ code: event.code, reason: event.reason, opened: this.#opened });
    // The close event that follows an error carries all that is told of it.
    this.#socket.onerror = () => undefined;
  }

  /** Sends one text frame; nothing where the socket is not open. */
  send(text: string): void {
    if (!this.#ended && this.#socket.readyState === 1) this.#socket.send(text);
  }

  /** Ends the socket without calling a handler. */
  cut(): void {
    this.#ended = true;
    clearTimeout(this.#openTimer);
    this.#heartbeat.stop();
    try {
      this.#socket.close(1000);
    } catch {
      // Some engines throw on a socket that is still connecting; it ends by itself.
    }
  }

  #open(): void {
    if (this.#ended) return;
    this.#opened = true;
    clearTimeout(this.#openTimer);
    this.#heartbeat.start();
    this.#handlers.open();
  }

  #receive(data: unknown): void {
    if (this.#ended) return;
    this.#heartbeat.alive();
    for (const frame of parseFrames(data)) {
      // A handler may cut the socket amid a batch.
      if (!this.#ended) this.#handlers.frame(frame);
    }
  }

  #end(end: SocketEnd): void {
    if (this.#ended) return;
    this.cut();
    this.#handlers.end(end);
  }
}

import { WebSocket } from "ws";
import { type FrameDown, frameDownSchema } from "../../src/protocol/frames-down.ts";
import type { Message } from "../../src/protocol/message.ts";
import { WS_SUBPROTOCOL_PREFIX } from "../../src/protocol/token.ts";

export type FrameOf<Type extends FrameDown["type"]> = Extract<FrameDown, { type: Type }>;

/** A client that keeps every frame it gets; each one is checked against the contract. */
export interface TestSocket {
  readonly socket: WebSocket;
  readonly frames: FrameDown[];
  readonly closed: Promise<number>;
  /** Cursor of the newest durable event, or of `connection.ready`. */
  readonly cursor: string;
  readonly messages: Message[];
  send(frame: unknown): void;
  /** Sends a request frame and waits for its answer. Rejects when the socket closes or after `timeoutMs`. */
  request(type: string, data: unknown, timeoutMs?: number): Promise<FrameDown>;
  /** Waits until `count` frames of the type have come. Rejects after `timeoutMs`. */
  waitFor<Type extends FrameDown["type"]>(type: Type, count?: number, timeoutMs?: number): Promise<FrameOf<Type>[]>;
  close(): Promise<void>;
}

/** Opens a socket as a browser would, with the token in the subprotocol, and waits for `connection.ready`. */
export async function openSocket(baseUrl: string, token: string, query = ""): Promise<TestSocket> {
  const socket = new WebSocket(`${baseUrl.replace(/^http/, "ws")}/v1/ws${query}`, `${WS_SUBPROTOCOL_PREFIX}${token}`);
  const frames: FrameDown[] = [];
  let cursor = "";
  const waiters = new Set<() => void>();
  socket.on("message", (data) => {
    const frame = frameDownSchema.parse(JSON.parse(String(data)));
    frames.push(frame);
    if ("data" in frame && "cursor" in frame.data) cursor = frame.data.cursor;
    for (const wake of waiters) wake();
  });
  const closed = new Promise<number>((resolve) => socket.once("close", (code) => resolve(code)));
  void closed.then(() => {
    for (const wake of waiters) wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", () => resolve());
    socket.once("error", reject);
  });
  const ofType = <Type extends FrameDown["type"]>(type: Type) =>
    frames.filter((frame): frame is FrameOf<Type> => frame.type === type);
  const wait = <Found>(what: string, find: () => Found | undefined, timeoutMs: number) =>
    new Promise<Found>((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        waiters.delete(check);
      };
      const fail = (reason: string) => {
        settle();
        reject(new Error(`waited for ${what}, got ${frames.length} frames: ${reason}`));
      };
      const timer = setTimeout(() => fail("too late"), timeoutMs);
      const check = () => {
        const found = find();
        if (found !== undefined) {
          settle();
          resolve(found);
        } else if (socket.readyState === WebSocket.CLOSED) fail("closed");
      };
      waiters.add(check);
      check();
    });
  let requests = 0;
  const client: TestSocket = {
    socket,
    frames,
    closed,
    get cursor() {
      return cursor;
    },
    get messages() {
      return ofType("message.created").map((frame) => frame.data.message);
    },
    send: (frame) => socket.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    request(type, data, timeoutMs = 10_000) {
      const id = `r${++requests}`;
      socket.send(JSON.stringify({ type, id, data }));
      return wait(`the answer to ${type}`, () => frames.find((frame) => "id" in frame && frame.id === id), timeoutMs);
    },
    waitFor: (type, count = 1, timeoutMs = 10_000) =>
      wait(`${count} × ${type}`, () => (ofType(type).length >= count ? ofType(type) : undefined), timeoutMs),
    async close() {
      socket.close();
      await closed;
    },
  };
  await client.waitFor("connection.ready");
  return client;
}

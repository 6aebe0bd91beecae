import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { RawSocket, UpgradeError } from "../../../loadtest/net/raw-socket.ts";

let server: http.Server;
let wss: WebSocketServer;
let url: URL;
let accept: (socket: WebSocket) => void;

/** A client that keeps what happens to it. */
function client() {
  const messages: string[] = [];
  let close: { code: number; reason: string } | undefined;
  const events = {
    message: (payload: Buffer) => void messages.push(payload.toString()),
    closed: (code: number, reason: string) => {
      close = { code, reason };
    },
  };
  return { events, messages, closed: () => close };
}

const connect = (events: ReturnType<typeof client>["events"], target = url, timeoutMs = 1_000) =>
  RawSocket.connect(target, "cariosan.jwt.abc", events, timeoutMs);

async function failure(target?: URL, timeoutMs?: number): Promise<UpgradeError> {
  const outcome = await connect(client().events, target, timeoutMs).catch((error: unknown) => error);
  if (!(outcome instanceof UpgradeError)) throw new Error(`expected an UpgradeError, got ${String(outcome)}`);
  return outcome;
}

beforeEach(async () => {
  accept = () => {};
  server = http.createServer();
  wss = new WebSocketServer({ server, perMessageDeflate: true });
  wss.on("connection", (socket) => accept(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/ws`);
});

afterEach(async () => {
  for (const socket of wss.clients) socket.terminate();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("RawSocket", () => {
  it("sends and receives texts of every length class", async () => {
    accept = (socket) => socket.on("message", (data) => socket.send(data.toString()));
    const { events, messages } = client();
    const socket = await connect(events);
    const texts = ["", "é👍", "a".repeat(126), "b".repeat(65_535), "c".repeat(200_000)];
    for (const text of texts) socket.send(text);
    await expect.poll(() => messages.length).toBe(texts.length);
    expect(messages).toEqual(texts);
    socket.close();
  });

  it("receives what the server sends at once, and in fragments", async () => {
    accept = (socket) => {
      socket.send("hello");
      socket.send("one ", { fin: false });
      socket.send("two", { fin: true });
    };
    const { events, messages } = client();
    await connect(events);
    await expect.poll(() => messages).toEqual(["hello", "one two"]);
  });

  it("answers a ping of the server", async () => {
    let pong = "";
    accept = (socket) => {
      socket.on("pong", (data) => {
        pong = data.toString();
      });
      socket.ping("are you there");
    };
    await connect(client().events);
    await expect.poll(() => pong).toBe("are you there");
  });

  it("tells code and reason of the server's close, and answers it", async () => {
    let answered = 0;
    accept = (socket) => {
      socket.on("close", (code) => {
        answered = code;
      });
      socket.close(4009, "too slow to read");
    };
    const { events, closed } = client();
    await connect(events);
    await expect.poll(closed).toEqual({ code: 4009, reason: "too slow to read" });
    await expect.poll(() => answered).toBe(4009);
  });

  it("closes with 1000", async () => {
    let received = 0;
    accept = (socket) =>
      socket.on("close", (code) => {
        received = code;
      });
    const { events, closed } = client();
    (await connect(events)).close();
    await expect.poll(closed).toEqual({ code: 1000, reason: "" });
    await expect.poll(() => received).toBe(1000);
  });

  it("tells 1006 where the connection ends without a close frame", async () => {
    accept = (socket) => socket.terminate();
    const { events, closed } = client();
    await connect(events);
    await expect.poll(closed).toEqual({ code: 1006, reason: "" });
  });
});

describe("a failed upgrade", () => {
  /** Lets a bare server answer with these bytes. */
  async function answering(bytes: string): Promise<UpgradeError> {
    const bare = net.createServer((socket) => socket.on("error", () => {}).once("data", () => socket.write(bytes)));
    await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));
    try {
      return await failure(new URL(`ws://127.0.0.1:${(bare.address() as AddressInfo).port}/`), 300);
    } finally {
      bare.close();
    }
  }

  it("tells the API's error code and when to come back", async () => {
    const body = '{"error":{"code":"RATE_LIMITED","message":"slow down","request_id":"r"}}';
    const error = await answering(
      `HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(error).toMatchObject({ code: "RATE_LIMITED", status: 429, retryAfterSeconds: 7 });
  });

  it("tells the status where there is no code", async () => {
    expect(await answering("HTTP/1.1 502 Bad Gateway\r\n\r\n")).toMatchObject({ code: "HTTP_502", status: 502 });
  });

  it("tells a wrong accept key", async () => {
    const answer = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: nonsense\r\n\r\n";
    expect((await answering(answer)).code).toBe("BAD_ACCEPT");
  });

  it("tells a subprotocol that is not echoed", async () => {
    wss.options.handleProtocols = () => false;
    expect((await failure()).code).toBe("PROTOCOL_NOT_ECHOED");
  });

  it("tells a server that says nothing", async () => {
    expect((await answering("")).code).toBe("TIMEOUT");
  });

  it("tells a port without a server", async () => {
    expect((await failure(new URL("ws://127.0.0.1:9/"))).code).toBe("ECONNREFUSED");
  });
});

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  /** `Date.now()`, or what the receiver's clock says. */
  at: number;
  path: string;
  headers: IncomingHttpHeaders;
  /** Raw. */
  body: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of any shape
  json: any;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** Milliseconds before the answer; Infinity never answers. */
  delayMs?: number;
}

/** A customer's server: a real HTTP server on loopback that keeps what it gets and answers as told. */
export class Receiver {
  readonly received: Received[] = [];
  reply: (request: Received) => Reply = () => ({});
  clock: () => number = Date.now;
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`;
  }

  get events(): string[] {
    return this.received.map((request) => request.json.event);
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        const { headers, url: path = "" } = request;
        const got = { at: this.clock(), path, headers, body, json: body === "" ? undefined : JSON.parse(body) };
        this.received.push(got);
        const reply = this.reply(got);
        if (reply.delayMs === Number.POSITIVE_INFINITY) return;
        const answer = () => response.writeHead(reply.status ?? 200, reply.headers).end(reply.body);
        if (reply.delayMs === undefined) answer();
        else setTimeout(answer, reply.delayMs);
      });
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    // The same port again after an outage.
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  /** Connections are refused from now on. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }

  /** Waits until `count` requests fit. */
  async waitFor(count: number, fits: (request: Received) => boolean = () => true, timeoutMs = 15_000) {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const found = this.received.filter(fits);
      if (found.length >= count) return found;
      if (Date.now() > end) {
        throw new Error(`waited for ${count} requests, got ${found.length} of ${this.events.join(", ")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

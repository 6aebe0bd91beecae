import http from "node:http";
import https from "node:https";
import type { z } from "zod";
import { errorBodySchema } from "../../src/protocol/errors.ts";
import { systemCode } from "../errors.ts";

export interface HttpRequest {
  method: "GET" | "POST";
  path: string;
  /** What follows `Bearer`. */
  credential?: string;
  body?: unknown;
}

/** An answer of 2xx. */
export interface HttpAnswer {
  status: number;
  text: string;
  /** When its last byte was read, on the clock of `performance.now()`. */
  at: number;
}

/** Everything but an answer of 2xx. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  /** API error code, or a name for what happened below HTTP. */
  readonly code: string;
  /** 0 where there was no answer. */
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  /** A kept-alive connection was gone before it carried an answer. */
  stale = false;

  constructor(code: string, message: string, status = 0, retryAfterSeconds?: number) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Times that one request may meet a connection that the server has just closed. */
const MAX_STALE = 3;

/** A JSON client over kept-alive connections. */
export class HttpClient {
  readonly #base: URL;
  readonly #agent: http.Agent;
  readonly #timeoutMs: number;

  constructor(base: URL, { connections = 64, timeoutMs = 30_000 } = {}) {
    this.#base = base;
    this.#timeoutMs = timeoutMs;
    const settings = { keepAlive: true, maxSockets: connections, scheduling: "lifo" } as const;
    this.#agent = base.protocol === "https:" ? new https.Agent(settings) : new http.Agent(settings);
  }

  /** Sends one request; rejects with `HttpError` for anything but 2xx. */
  async request(request: HttpRequest): Promise<HttpAnswer> {
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(request, body);
      } catch (error) {
        // The server closed an idle connection at the moment that we used it: a fault of neither. Sends carry a key.
        if (!(error instanceof HttpError && error.stale && attempt < MAX_STALE)) throw error;
      }
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #once(request: HttpRequest, body: Buffer | undefined): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const url = new URL(request.path, this.#base);
      const headers: http.OutgoingHttpHeaders = {};
      if (request.credential !== undefined) headers.authorization = `Bearer ${request.credential}`;
      if (body !== undefined) {
        headers["content-type"] = "application/json";
        headers["content-length"] = body.length;
      }
      const client = url.protocol === "https:" ? https : http;
      const outgoing = client.request(url, { method: request.method, agent: this.#agent, headers }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", fail);
        incoming.on("end", () => {
          const at = performance.now();
          const text = Buffer.concat(chunks).toString("utf8");
          const status = incoming.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve({ status, text, at });
          else reject(refusal(status, text, incoming.headers["retry-after"]));
        });
      });
      const fail = (error: Error) => {
        const code = systemCode(error, "NETWORK_ERROR");
        const failure = new HttpError(code, error.message);
        failure.stale = outgoing.reusedSocket && code === "ECONNRESET";
        reject(failure);
      };
      outgoing.setTimeout(this.#timeoutMs, () => {
        outgoing.destroy(Object.assign(new Error(`no answer in ${this.#timeoutMs} ms`), { code: "TIMEOUT" }));
      });
      outgoing.on("error", fail);
      outgoing.end(body);
    });
  }
}

/** The body of an answer as the contract describes it. */
export function parseAnswer<Schema extends z.ZodType>(answer: HttpAnswer, schema: Schema): z.infer<Schema> {
  return schema.parse(JSON.parse(answer.text));
}

function refusal(status: number, text: string, retryAfter: string | undefined): HttpError {
  const seconds = retryAfter === undefined ? Number.NaN : Number(retryAfter);
  const wait = Number.isNaN(seconds) ? undefined : seconds;
  try {
    const { error } = errorBodySchema().parse(JSON.parse(text));
    return new HttpError(error.code, error.message, status, wait);
  } catch {
    return new HttpError(`HTTP_${status}`, text.slice(0, 200), status, wait);
  }
}

import type net from "node:net";
import { systemCode } from "../errors.ts";
import { HttpError } from "./http-client.ts";
import { openStream } from "./stream.ts";
import { parseHead } from "./ws-handshake.ts";

const HEAD_END = "\r\n\r\n";
/** What is kept of an answer. */
const END_BYTES = 1_024;

/** What there was in an answer. */
export interface Counted {
  /** How often the text that is counted was in it. */
  count: number;
  /** Its last bytes. */
  end: Buffer;
}

/**
 * GETs over one connection, one after another, of whose answers it counts how often a text is in them while they come in. Nothing but
 * their end is kept, and nothing parsed: kept, pages of a few thousand messages a second are work for the generator's garbage collector, which then
 * takes the processor away from the server that is measured.
 */
export class CountingClient {
  readonly #base: URL;
  readonly #text: Buffer;
  readonly #timeoutMs: number;
  #stream: net.Socket | undefined;
  #waiting: { answer: CountedAnswer; settle: (error?: HttpError) => void } | undefined;

  /** @param text ASCII */
  constructor(base: URL, text: string, timeoutMs = 30_000) {
    this.#base = base;
    this.#text = Buffer.from(text, "latin1");
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Not to be called while another call is under way. Rejects with `HttpError` for anything but 200 with a `Content-Length`.
   *
   * @param credential what follows `Bearer`
   */
  get(path: string, credential?: string): Promise<Counted> {
    return new Promise((resolve, reject) => {
      const answer = new CountedAnswer(this.#text);
      const settle = (error?: HttpError) => {
        this.#waiting = undefined;
        if (error === undefined) resolve(answer);
        else reject(error);
      };
      this.#waiting = { answer, settle };
      const lines = [`GET ${path} HTTP/1.1`, `Host: ${this.#base.host}`];
      if (credential !== undefined) lines.push(`Authorization: Bearer ${credential}`);
      // Silent for too long between two calls, and on its way out.
      if (this.#stream?.destroyed === true) this.#stream = undefined;
      this.#stream ??= this.#open();
      this.#stream.write(`${lines.join("\r\n")}${HEAD_END}`);
    });
  }

  close(): void {
    this.#stream?.destroy();
    this.#stream = undefined;
  }

  #open(): net.Socket {
    const stream = openStream(
      this.#base,
      () => {},
      (chunk) => this.#read(chunk),
    );
    let fault: HttpError | undefined;
    stream.setNoDelay(true).setTimeout(this.#timeoutMs, () => {
      fault = new HttpError("TIMEOUT", `no answer in ${this.#timeoutMs} ms`);
      stream.destroy();
    });
    stream.on("error", (error) => {
      fault = new HttpError(systemCode(error, "NETWORK_ERROR"), error.message);
    });
    stream.on("close", () => {
      // One that was given up for its answer has a successor.
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#waiting?.settle(fault ?? new HttpError("CLOSED_EARLY", "the connection was closed before the answer"));
    });
    return stream;
  }

  #read(chunk: Buffer): void {
    if (this.#waiting === undefined) return;
    const { answer, settle } = this.#waiting;
    try {
      if (answer.push(chunk)) settle();
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      // What else comes on this connection belongs to nobody.
      this.close();
      settle(error);
    }
  }
}

/** One answer, as it comes in. */
class CountedAnswer implements Counted {
  count = 0;
  end: Buffer = Buffer.alloc(0);
  readonly #text: Buffer;
  #head = Buffer.alloc(0);
  /** Bytes of the body that are still to come; undefined before all of the head is there. */
  #left: number | undefined;

  constructor(text: Buffer) {
    this.#text = text;
  }

  /** True once the answer is complete. @throws HttpError */
  push(chunk: Buffer): boolean {
    if (this.#left !== undefined) return this.#pushBody(chunk, this.#left);
    const received = Buffer.concat([this.#head, chunk]);
    const end = received.indexOf(HEAD_END);
    if (end === -1) {
      this.#head = received;
      return false;
    }
    const { status, headers } = parseHead(received.toString("latin1", 0, end));
    const length = Number(headers.get("content-length") ?? Number.NaN);
    if (status !== 200) throw new HttpError(`HTTP_${status}`, `the answer is ${status}`, status);
    if (Number.isNaN(length)) throw new HttpError("NO_LENGTH", "the answer does not say how long it is", status);
    return this.#pushBody(received.subarray(end + HEAD_END.length), length);
  }

  #pushBody(chunk: Buffer, left: number): boolean {
    // Too few bytes for the text, and where it may begin.
    const most = this.#text.length - 1;
    this.count += this.#in(Buffer.concat([this.end.subarray(-most), chunk.subarray(0, most)])) + this.#in(chunk);
    this.end =
      chunk.length < END_BYTES ? Buffer.concat([this.end, chunk]).subarray(-END_BYTES) : chunk.subarray(-END_BYTES);
    this.#left = left - chunk.length;
    return this.#left <= 0;
  }

  #in(bytes: Buffer): number {
    let count = 0;
    for (let at = bytes.indexOf(this.#text); at !== -1; at = bytes.indexOf(this.#text, at + this.#text.length))
      count += 1;
    return count;
  }
}

/** A reply of Redis as it came over the wire (RESP2), nothing reshaped. */
export type Reply = string | number | null | ReplyError | Reply[];

/** An error reply; inside an array it is a value, so it is not thrown by the parser. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
}

/** Cuts a stream of bytes into replies. */
export class RespParser {
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;

  /** Takes the next bytes and returns the replies that are complete by now. */
  push(chunk: Buffer): Reply[] {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const replies: Reply[] = [];
    for (;;) {
      this.#at = 0;
      const reply = this.#read();
      if (reply === undefined) return replies;
      replies.push(reply);
      this.#buffer = this.#buffer.subarray(this.#at);
    }
  }

  #read(): Reply | undefined {
    const end = this.#buffer.indexOf("\r\n", this.#at);
    if (end < 0) return undefined;
    const kind = this.#buffer[this.#at];
    const head = this.#buffer.toString("utf8", this.#at + 1, end);
    this.#at = end + 2;
    if (kind === 0x2b) return head; // +
    if (kind === 0x2d) return new ReplyError(head); // -
    if (kind === 0x3a) return Number(head); // :
    if (kind === 0x24) return this.#readBulk(Number(head)); // $
    return this.#readArray(Number(head)); // *
  }

  #readBulk(length: number): string | null | undefined {
    if (length < 0) return null;
    const end = this.#at + length;
    if (this.#buffer.length < end + 2) return undefined;
    const text = this.#buffer.toString("utf8", this.#at, end);
    this.#at = end + 2;
    return text;
  }

  #readArray(length: number): Reply[] | null | undefined {
    if (length < 0) return null;
    const items: Reply[] = [];
    for (let index = 0; index < length; index++) {
      const item = this.#read();
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }
}

/** A command as Redis wants it: an array of bulk strings. */
export function encodeCommand(parts: readonly string[]): string {
  return `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`;
}

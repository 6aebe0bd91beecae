import { randomFillSync } from "node:crypto";

/** RFC 6455 framing: encodes what a client sends and takes apart what a server sends. */

export const OPCODE = { CONTINUATION: 0x0, TEXT: 0x1, BINARY: 0x2, CLOSE: 0x8, PING: 0x9, PONG: 0xa } as const;

/** The server broke the protocol, or sent more than we hold in memory. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

const maskPool = Buffer.allocUnsafe(4096);
let maskOffset = maskPool.length;

/** One complete frame, masked as every client frame must be. */
export function encodeFrame(opcode: number, payload: Buffer | string): Buffer {
  const length = typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const start = 2 + extended + 4;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(length, 2);
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  if (typeof payload === "string") frame.write(payload, start, "utf8");
  else payload.copy(frame, start);
  applyMask(frame, start);
  return frame;
}

/** Puts a fresh mask before `start` and applies it to everything after. */
function applyMask(frame: Buffer, start: number): void {
  if (maskOffset >= maskPool.length) {
    randomFillSync(maskPool);
    maskOffset = 0;
  }
  maskPool.copy(frame, start - 4, maskOffset, maskOffset + 4);
  maskOffset += 4;
  for (let index = start; index < frame.length; index++) {
    frame[index] = (frame[index] ?? 0) ^ (frame[start - 4 + ((index - start) & 3)] ?? 0);
  }
}

/** Called for each whole message and each control frame. The payload may share memory with the chunk it came in: copy what is kept. */
export type OnFrame = (opcode: number, payload: Buffer) => void;

interface Header {
  fin: boolean;
  opcode: number;
  headerBytes: number;
  payloadBytes: number;
}

/** Cuts a stream of bytes into frames, and joins fragments to messages. The chunks' memory may be used again after each `push`. */
export class FrameParser {
  readonly #onFrame: OnFrame;
  readonly #maxBytes: number;
  /** Bytes of a frame that is not complete, joined only when enough for it have come. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #needed = 0;
  /** Fragments of a message that is not complete. */
  #fragments: Buffer[] = [];
  #fragmentBytes = 0;
  #fragmentOpcode = 0;

  constructor(onFrame: OnFrame, maxBytes = 16 * 1024 * 1024) {
    this.#onFrame = onFrame;
    this.#maxBytes = maxBytes;
  }

  /** Takes the next bytes. Throws `FrameError` where they break the protocol. */
  push(chunk: Buffer): void {
    let data = chunk;
    if (this.#waitingBytes > 0) {
      this.#waiting.push(Buffer.from(chunk));
      this.#waitingBytes += chunk.length;
      if (this.#waitingBytes < this.#needed) return;
      data = Buffer.concat(this.#waiting, this.#waitingBytes);
      this.#waiting = [];
      this.#waitingBytes = 0;
    }
    let offset = 0;
    while (offset < data.length) {
      const header = this.#readHeader(data, offset);
      if (header === undefined) {
        this.#wait(data.subarray(offset), 0);
        return;
      }
      const end = offset + header.headerBytes + header.payloadBytes;
      if (end > data.length) {
        this.#wait(data.subarray(offset), end - offset);
        return;
      }
      this.#frame(header, data.subarray(offset + header.headerBytes, end));
      offset = end;
    }
  }

  /** Keeps an incomplete frame; `needed` is its size where the header tells. */
  #wait(rest: Buffer, needed: number): void {
    this.#waiting = [Buffer.from(rest)];
    this.#waitingBytes = rest.length;
    this.#needed = needed;
  }

  /** Undefined while the header itself is not complete. */
  #readHeader(data: Buffer, offset: number): Header | undefined {
    const available = data.length - offset;
    if (available < 2) return undefined;
    const first = data.readUInt8(offset);
    const second = data.readUInt8(offset + 1);
    if ((first & 0x70) !== 0) throw new FrameError("a reserved bit is set");
    if ((second & 0x80) !== 0) throw new FrameError("a frame from the server is masked");
    const short = second & 0x7f;
    const headerBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (available < headerBytes) return undefined;
    const payloadBytes =
      short < 126 ? short : short === 126 ? data.readUInt16BE(offset + 2) : Number(data.readBigUInt64BE(offset + 2));
    if (payloadBytes > this.#maxBytes) throw new FrameError(`a frame of ${payloadBytes} bytes is too large`);
    return { fin: (first & 0x80) !== 0, opcode: first & 0x0f, headerBytes, payloadBytes };
  }

  #frame({ fin, opcode }: Header, payload: Buffer): void {
    if (opcode >= OPCODE.CLOSE) {
      if (!fin || payload.length > 125) throw new FrameError("a control frame is fragmented or too long");
      if (opcode > OPCODE.PONG) throw new FrameError(`opcode ${opcode} is unknown`);
      this.#onFrame(opcode, payload);
    } else if (opcode === OPCODE.CONTINUATION) {
      if (this.#fragmentOpcode === 0) throw new FrameError("a continuation without a beginning");
      this.#fragment(payload, fin);
    } else {
      if (opcode > OPCODE.BINARY) throw new FrameError(`opcode ${opcode} is unknown`);
      if (this.#fragmentOpcode !== 0) throw new FrameError("a new message inside a fragmented one");
      if (fin) {
        this.#onFrame(opcode, payload);
        return;
      }
      this.#fragmentOpcode = opcode;
      this.#fragment(payload, false);
    }
  }

  #fragment(payload: Buffer, last: boolean): void {
    this.#fragments.push(Buffer.from(payload));
    this.#fragmentBytes += payload.length;
    if (this.#fragmentBytes > this.#maxBytes) throw new FrameError("a fragmented message is too large");
    if (!last) return;
    const message = Buffer.concat(this.#fragments, this.#fragmentBytes);
    const opcode = this.#fragmentOpcode;
    this.#fragments = [];
    this.#fragmentBytes = 0;
    this.#fragmentOpcode = 0;
    this.#onFrame(opcode, message);
  }
}

/** Code and reason of a close frame's payload; 1005 stands for "no code", as browsers report it. */
export function readClose(payload: Buffer): { code: number; reason: string } {
  if (payload.length < 2) return { code: 1005, reason: "" };
  return { code: payload.readUInt16BE(0), reason: payload.toString("utf8", 2) };
}

/** Payload of a close frame. */
export function closePayload(code: number, reason = ""): Buffer {
  const payload = Buffer.allocUnsafe(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2, "utf8");
  return payload;
}

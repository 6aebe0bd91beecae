import { PacketError } from "./packets.ts";

const MAX_LENGTH_BYTES = 4;

/** Called for each whole packet; `flags` are the lower bits of its first byte. The body is only good until it returns. */
export type OnPacket = (type: number, flags: number, body: Buffer) => void;

/** Cuts a stream of bytes into packets: where one begins has nothing to do with the WebSocket frame that it came in. */
export class PacketReader {
  readonly #onPacket: OnPacket;
  #rest: Buffer | undefined;

  constructor(onPacket: OnPacket) {
    this.#onPacket = onPacket;
  }

  /** Takes the next bytes, whose memory may be used again afterwards. Throws `PacketError` where they are no MQTT. */
  push(chunk: Buffer): void {
    const data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let offset = 0;
    while (offset < data.length) {
      const end = this.#readPacket(data, offset);
      if (end === undefined) break;
      offset = end;
    }
    this.#rest = offset < data.length ? Buffer.from(data.subarray(offset)) : undefined;
  }

  /** Where the packet ends; undefined while it is not complete. */
  #readPacket(data: Buffer, start: number): number | undefined {
    let length = 0;
    let offset = start + 1;
    for (let shift = 0; ; shift += 7) {
      if (offset - start > MAX_LENGTH_BYTES) throw new PacketError("a length of more than four bytes");
      const byte = data[offset++];
      if (byte === undefined) return undefined;
      length |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) break;
    }
    const end = offset + length;
    if (end > data.length) return undefined;
    const first = data.readUInt8(start);
    this.#onPacket(first >>> 4, first & 0x0f, data.subarray(offset, end));
    return end;
  }
}

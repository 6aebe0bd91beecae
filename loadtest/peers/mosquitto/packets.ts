/** MQTT 3.1.1, as much of it as a member of a group needs. https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html */

/** Types of control packets (2.2.1). */
export const TYPE = {
  CONNECT: 1,
  CONNACK: 2,
  PUBLISH: 3,
  SUBSCRIBE: 8,
  SUBACK: 9,
  PINGREQ: 12,
  PINGRESP: 13,
  DISCONNECT: 14,
} as const;

const PROTOCOL_LEVEL = 4;
const CLEAN_SESSION = 0x02;
/** Bits that the standard demands in the first byte of a SUBSCRIBE (3.8.1). */
const SUBSCRIBE_FLAGS = 0x02;
const MAX_REMAINING_BYTES = 268_435_455;

/** The bytes that came are no MQTT, or more than it permits. */
export class PacketError extends Error {
  override readonly name = "PacketError";
}

/** A clean session without keep-alive: the server never ends it for silence. */
export function connectPacket(clientId: string): Buffer {
  const settings = Buffer.from([PROTOCOL_LEVEL, CLEAN_SESSION, 0, 0]);
  return packet(TYPE.CONNECT, 0, [text("MQTT"), settings, text(clientId)]);
}

/** One topic with QoS 0. */
export function subscribePacket(packetId: number, topic: string): Buffer {
  return packet(TYPE.SUBSCRIBE, SUBSCRIBE_FLAGS, [uint16(packetId), text(topic), Buffer.from([0])]);
}

/** QoS 0: no packet id, no answer. */
export function publishPacket(topic: string, payload: Buffer): Buffer {
  return packet(TYPE.PUBLISH, 0, [text(topic), payload]);
}

export const pingPacket = packet(TYPE.PINGREQ, 0, []);

/** Payload of a PUBLISH's body, without topic and packet id. */
export function publishPayload(flags: number, body: Buffer): Buffer {
  if (body.length < 2) throw new PacketError("a PUBLISH without a topic");
  const withId = (flags & 0x06) !== 0;
  const start = 2 + body.readUInt16BE(0) + (withId ? 2 : 0);
  if (start > body.length) throw new PacketError("a PUBLISH that is shorter than its topic");
  return body.subarray(start);
}

/** The length that stands in one to four bytes of seven bits each (2.2.3). */
export function encodeLength(length: number): Buffer {
  if (length > MAX_REMAINING_BYTES) throw new PacketError(`a packet of ${length} bytes is too large`);
  const bytes: number[] = [];
  let rest = length;
  do {
    const more = rest > 0x7f ? 0x80 : 0;
    bytes.push((rest & 0x7f) | more);
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(bytes);
}

function packet(type: number, flags: number, parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.from([(type << 4) | flags]), encodeLength(length), ...parts]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

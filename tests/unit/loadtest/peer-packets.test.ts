import { describe, expect, it } from "vitest";
import { PacketReader } from "../../../loadtest/peers/mosquitto/packet-reader.ts";
import {
  connectPacket,
  encodeLength,
  PacketError,
  pingPacket,
  publishPacket,
  publishPayload,
  subscribePacket,
  TYPE,
} from "../../../loadtest/peers/mosquitto/packets.ts";

/** Keeps what a reader cuts out; payloads are copied, as their memory is only lent. */
function collect() {
  const got: { type: number; flags: number; body: string }[] = [];
  const reader = new PacketReader((type, flags, body) => got.push({ type, flags, body: body.toString("latin1") }));
  return { got, reader };
}

describe("MQTT packets", () => {
  it("[WIRE-1] are the bytes that the standard shows", () => {
    expect(connectPacket("ab").toString("hex")).toBe("100e00044d51545404020000" + "00026162");
    expect(subscribePacket(1, "g/x").toString("hex")).toBe("820800010003672f7800");
    expect(publishPacket("g/x", Buffer.from("hi")).toString("hex")).toBe("30070003672f786869");
    expect(pingPacket.toString("hex")).toBe("c000");
  });

  it.each([
    [0, "00"],
    [127, "7f"],
    [128, "8001"],
    [16_383, "ff7f"],
    [16_384, "808001"],
    [268_435_455, "ffffff7f"],
  ])("[WIRE-1] a length of %i is %s", (length, bytes) => {
    expect(encodeLength(length).toString("hex")).toBe(bytes);
  });

  it("[WIRE-1] one that is too long is refused", () => {
    expect(() => encodeLength(268_435_456)).toThrow(PacketError);
  });

  it("[WIRE-2] are found wherever the stream is cut, in memory that is used again", () => {
    const long = "x".repeat(300);
    const stream = Buffer.concat([pingPacket, publishPacket("g", Buffer.from(long)), pingPacket]);
    const whole = [
      { type: TYPE.PINGREQ, flags: 0, body: "" },
      { type: TYPE.PUBLISH, flags: 0, body: `\0\u0001g${long}` },
      { type: TYPE.PINGREQ, flags: 0, body: "" },
    ];
    for (let size = 1; size <= stream.length; size++) {
      const { got, reader } = collect();
      const memory = Buffer.alloc(size);
      for (let from = 0; from < stream.length; from += size) {
        const bytes = stream.copy(memory, 0, from, from + size);
        reader.push(memory.subarray(0, bytes));
      }
      expect(got).toEqual(whole);
    }
  });

  it("[WIRE-2] give their payload without topic and packet id", () => {
    const body = Buffer.from("\0\u0003g/xhi", "latin1");
    expect(publishPayload(0, body).toString()).toBe("hi");
    expect(publishPayload(0x02, body).toString()).toBe("");
  });

  it("[WIRE-3] what is no MQTT is an error", () => {
    expect(() => collect().reader.push(Buffer.from("30ffffffff01", "hex"))).toThrow(PacketError);
    expect(() => publishPayload(0, Buffer.from("000967", "hex"))).toThrow(PacketError);
    expect(() => publishPayload(0, Buffer.from("00", "hex"))).toThrow(PacketError);
  });
});

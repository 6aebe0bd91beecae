import { describe, expect, it } from "vitest";
import {
  closePayload,
  encodeFrame,
  FrameError,
  FrameParser,
  OPCODE,
  readClose,
} from "../../../loadtest/net/ws-frames.ts";

/** A frame as a server sends it: not masked. */
function serverFrame(opcode: number, payload: Buffer | string, fin = true): Buffer {
  const body = Buffer.from(payload);
  const head = body.length < 126 ? Buffer.alloc(2) : body.length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = (fin ? 0x80 : 0) | opcode;
  head[1] = head.length === 2 ? body.length : head.length === 4 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(body.length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, body]);
}

function collect(maxBytes?: number) {
  const got: { opcode: number; text: string }[] = [];
  const parser = new FrameParser((opcode, payload) => got.push({ opcode, text: payload.toString() }), maxBytes);
  return { got, parser };
}

describe("encodeFrame", () => {
  it.each([0, 1, 125, 126, 65_535, 65_536])("masks %i bytes so that they come out again", (length) => {
    const text = "x".repeat(length);
    const frame = encodeFrame(OPCODE.TEXT, text);
    expect((frame[1] ?? 0) & 0x80).toBe(0x80);
    const start = frame.length - length;
    const mask = frame.subarray(start - 4, start);
    const plain = frame.subarray(start).map((byte, index) => byte ^ (mask[index & 3] ?? 0));
    expect(Buffer.from(plain).toString()).toBe(text);
    const { got, parser } = collect();
    // Without mask bit and mask it is a server's frame of the same length fields.
    const bare = Buffer.concat([frame.subarray(0, start - 4), plain]);
    bare[1] = (bare[1] ?? 0) & 0x7f;
    parser.push(bare);
    expect(got).toEqual([{ opcode: OPCODE.TEXT, text }]);
  });

  it("counts bytes, not characters", () => {
    expect(encodeFrame(OPCODE.TEXT, "é👍").length).toBe(2 + 4 + 6);
  });

  it("uses another mask for each frame", () => {
    const masks = new Set(Array.from({ length: 50 }, () => encodeFrame(OPCODE.TEXT, "").toString("hex", 2, 6)));
    expect(masks.size).toBeGreaterThan(40);
  });
});

describe("FrameParser", () => {
  it("cuts several frames out of one chunk", () => {
    const { got, parser } = collect();
    parser.push(Buffer.concat([serverFrame(1, "a"), serverFrame(OPCODE.PING, "p"), serverFrame(1, "b")]));
    expect(got.map(({ text }) => text)).toEqual(["a", "p", "b"]);
  });

  it.each([10, 300, 70_000])("joins a frame of %i bytes that comes byte by byte", (length) => {
    const { got, parser } = collect();
    const text = "y".repeat(length);
    for (const byte of Buffer.concat([serverFrame(1, text), serverFrame(1, "next")])) parser.push(Buffer.from([byte]));
    expect(got.map((frame) => frame.text)).toEqual([text, "next"]);
  });

  it("joins fragments, with a control frame between them", () => {
    const { got, parser } = collect();
    parser.push(serverFrame(1, "one ", false));
    parser.push(serverFrame(OPCODE.PING, ""));
    parser.push(serverFrame(0, "two ", false));
    parser.push(serverFrame(0, "three"));
    expect(got).toEqual([
      { opcode: OPCODE.PING, text: "" },
      { opcode: OPCODE.TEXT, text: "one two three" },
    ]);
  });

  it.each([
    ["a masked frame", encodeFrame(OPCODE.TEXT, "x")],
    ["a reserved bit", Buffer.from([0xc1, 0])],
    ["an unknown opcode", Buffer.from([0x83, 0])],
    ["an unknown control opcode", Buffer.from([0x8b, 0])],
    ["a fragmented control frame", Buffer.from([0x09, 0])],
    ["a continuation of nothing", serverFrame(0, "x")],
    ["a message inside a fragmented one", Buffer.concat([serverFrame(1, "x", false), serverFrame(1, "y")])],
    ["a frame that is too large", serverFrame(1, "x".repeat(101))],
    [
      "fragments that are too large",
      Buffer.concat([serverFrame(1, "x".repeat(60), false), serverFrame(0, "x".repeat(60))]),
    ],
  ])("refuses %s", (_, bytes) => {
    expect(() => collect(100).parser.push(bytes)).toThrow(FrameError);
  });
});

describe("close payloads", () => {
  it("carry code and reason", () => {
    expect(readClose(closePayload(4008, "silence"))).toEqual({ code: 4008, reason: "silence" });
    expect(readClose(Buffer.alloc(0))).toEqual({ code: 1005, reason: "" });
  });
});

import { describe, expect, it } from "vitest";
import { FrameReader } from "../../../loadtest/run/frame-reader.ts";
import { markedContent, readMark } from "../../../loadtest/run/message-mark.ts";

const uuid = "01890a5d-ac96-774b-bcce-b302099a8057";
const date = "2026-11-24T03:00:00.000Z";
const message = {
  id: uuid,
  channel_id: uuid,
  channel_external_id: "load-group",
  seq: 7,
  user: null,
  user_id: uuid,
  content: markedContent("ab12", 42, 120),
  type: "text",
  attachment_url: null,
  attachment: null,
  created_at: date,
  edited_at: null,
  deleted_at: null,
  parent_id: null,
  mentions: [],
  reactions: [],
  metadata: {},
  thread_root_id: null,
  reply_count: 0,
  last_repliers: [],
  pinned_at: null,
  streaming: false,
};
const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const created = (changes = {}) =>
  bytes({ type: "message.created", data: { cursor: "c", message: { ...message, ...changes } } });

describe("FrameReader", () => {
  const reader = new FrameReader("ab12");

  it("knows this run's messages, and anyone else's", () => {
    expect(reader.read(created())).toEqual({ kind: "created", number: 42, seq: 7, cursor: "c" });
    expect(reader.read(created({ content: "hello", seq: 8 }))).toMatchObject({ number: undefined, seq: 8 });
  });

  it("parses the same bytes once, however many sockets they come from", () => {
    expect(reader.read(created())).toBe(reader.read(created()));
    expect(reader.read(created({ seq: 9 }))).toMatchObject({ seq: 9 });
  });

  it("knows pong, ack and error, with the id inside or beside the data", () => {
    expect(reader.read(bytes('{"type":"pong"}'))).toEqual({ kind: "pong" });
    expect(reader.read(bytes('{"type": "pong"}'))).toEqual({ kind: "pong" });
    expect(reader.read(bytes({ type: "message.ack", data: { id: "3", message } }))).toEqual({
      kind: "ack",
      id: "3",
      seq: 7,
    });
    expect(reader.read(bytes({ type: "message.ack", id: "3", data: { message } }))).toMatchObject({ id: "3" });
    const error = { code: "MUTED", message: "no" };
    expect(reader.read(bytes({ type: "error", id: "5", data: error }))).toEqual({ kind: "error", id: "5", ...error });
  });

  it("ignores types that it does not know, and reports what breaks the contract", () => {
    expect(reader.read(bytes({ type: "presence.update", data: {} }))).toEqual({ kind: "other", cursor: undefined });
    expect(reader.read(bytes({ type: "later", data: { cursor: "d" } }))).toEqual({ kind: "other", cursor: "d" });
    expect(reader.read(bytes("{"))).toMatchObject({ kind: "invalid" });
    expect(reader.read(created({ seq: 0 }))).toMatchObject({
      kind: "invalid",
      message: expect.stringContaining("data.message.seq"),
    });
  });
});

describe("the mark of a message", () => {
  it("has the wanted size and is read by its own run only", () => {
    expect(markedContent("ab12", 42, 120)).toHaveLength(120);
    expect(markedContent("ab12", 42, 8_192)).toHaveLength(8_192);
    expect(readMark(markedContent("ab12", 42, 120), "ab12")).toBe(42);
    expect(readMark(markedContent("ab12", 42, 120), "ab13")).toBeUndefined();
  });
});

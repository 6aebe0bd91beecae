import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sendFrameSchema } from "../../../src/protocol/frames-up.ts";
import { LIMITS } from "../../../src/protocol/limits.ts";
import { readPlainSend } from "../../../src/protocol/plain-send.ts";

const PLAIN = { type: "message.send", id: "1", data: { channel_id: "c", content: "Halo", idempotency_key: "k" } };

/** Texts at the edges of what is allowed, and what is none. */
const value = fc.oneof(
  { weight: 12, arbitrary: fc.string({ unit: "grapheme", maxLength: 4 }) },
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.constantFrom("", "\0", "\ud800", "🎉", "<b>"),
  fc.constantFrom(LIMITS.requestIdChars, LIMITS.externalIdChars).map((length) => "x".repeat(length)),
  fc.constantFrom(LIMITS.requestIdChars, LIMITS.externalIdChars).map((length) => "x".repeat(length + 1)),
  fc.constantFrom(null, 0, true, [], {}, ["c"]),
);
const requiredKeys: ["channel_id", "content"] = ["channel_id", "content"];
const data = fc.oneof(
  { weight: 8, arbitrary: fc.record({ channel_id: value, content: value, idempotency_key: value }, { requiredKeys }) },
  fc.record({ channel_id: value, text: value, parent_id: value, other: value }, { requiredKeys: [] }),
  value,
);
const type = fc.constantFrom("message.send", "message.send", "message.send", "message.edit");
const frame = fc.oneof(
  fc.record({ type, id: value, data }, { requiredKeys: ["type", "data"] }),
  fc.record({ type, id: value, v: value, data, other: value }, { requiredKeys: ["type"] }),
);

describe("[SOCK-12] a plain send", () => {
  it("is read as the schema reads it, and left to the schema where that refuses it", () => {
    let taken = 0;
    fc.assert(
      fc.property(frame, (given) => {
        const json = JSON.parse(JSON.stringify(given));
        const read = readPlainSend(json);
        if (read === undefined) return;
        taken++;
        expect(sendFrameSchema().safeParse(json)).toEqual({ success: true, data: read });
      }),
      { numRuns: 5_000 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it("is read by hand in the form that clients send", () => {
    expect(readPlainSend(PLAIN)).toEqual(PLAIN);
    expect(readPlainSend({ type: PLAIN.type, data: { channel_id: "c", content: "" } })).toEqual(
      sendFrameSchema().parse({ type: PLAIN.type, data: { channel_id: "c", content: "" } }),
    );
  });

  it("with anything more is left to the schema", () => {
    expect(readPlainSend({ ...PLAIN, v: 1 })).toBeUndefined();
    expect(readPlainSend({ ...PLAIN, data: { ...PLAIN.data, mentions: ["c"] } })).toBeUndefined();
  });
});

import { describe, expect, it } from "vitest";
import { readJson } from "../../../src/middleware/body.ts";
import { LIMITS } from "../../../src/protocol/limits.ts";

function post(body: string | ReadableStream<Uint8Array> | undefined, headers: Record<string, string> = {}): Request {
  return new Request("http://host/", {
    method: "POST",
    ...(body === undefined ? {} : { body, duplex: "half" }),
    headers,
  });
}

function stream(chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  });
}

describe("bodies", () => {
  it("[ERR-3] are JSON in UTF-8, whether or not they say so", async () => {
    expect(await readJson(post(undefined))).toBeUndefined();
    expect(await readJson(post(stream([new TextEncoder().encode('{"a":'), new TextEncoder().encode("1}")])))).toEqual({
      a: 1,
    });
    expect(await readJson(post("[1]", { "content-type": "application/json; charset=utf-8" }))).toEqual([1]);
    const refused = { code: "VALIDATION_ERROR" };
    await expect(readJson(post("{", { "content-type": "application/json" }))).rejects.toMatchObject(refused);
    await expect(readJson(post("a=1", { "content-type": "application/x-www-form-urlencoded" }))).rejects.toMatchObject(
      refused,
    );
    await expect(readJson(post(stream([new Uint8Array([0x22, 0xff, 0x22])])))).rejects.toMatchObject(refused);
  });

  it("[ERR-2] over 64 KiB are refused unread when declared, and while they arrive when not", async () => {
    const tooLarge = { code: "MESSAGE_TOO_LARGE", status: 413 };
    const declared = post(stream([]), { "content-length": String(LIMITS.bodyBytes + 1) });
    await expect(readJson(declared)).rejects.toMatchObject(tooLarge);
    const chunks = Array.from({ length: 100 }, () => new Uint8Array(1024).fill(0x20));
    await expect(readJson(post(stream(chunks)))).rejects.toMatchObject(tooLarge);
    expect(chunks.length).toBeGreaterThan(30);
  });
});

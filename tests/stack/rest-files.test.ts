import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { presignedUploadSchema } from "../../src/protocol/attachment.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { errorOf, keyClient, newGroup, newPerson, type Person } from "./rest-client.ts";

let stack: TestStack;
let ayu: Person;
let channel: string;

beforeAll(async () => {
  stack = await startTestStack();
  const key = keyClient(stack);
  ayu = await newPerson(key, "ayu");
  channel = await newGroup(key, [ayu]);
});
afterAll(() => stack?.stop());

const bytes = new Uint8Array(1000).fill(7);
const file = { filename: "foto pantai.png", content_type: "image/png", size: bytes.length };

async function presign() {
  const answer = await ayu.api.post("/v1/attachments/presign", file);
  expect(answer.status).toBe(200);
  return presignedUploadSchema().parse(answer.body);
}

const put = (url: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string>) =>
  fetch(url, { method: "PUT", body, headers }).then(async (response) => {
    await response.text();
    return response.status;
  });

describe("attachments", () => {
  it("[FILE-1] a file goes straight to the store and then into a message", async () => {
    const signed = await presign();
    expect(await put(signed.upload_url, bytes, signed.headers)).toBe(200);
    const stored = await fetch(signed.public_url);
    expect(stored.headers.get("content-type")).toBe("image/png");
    expect(new Uint8Array(await stored.arrayBuffer())).toEqual(bytes);
    const attachment = { ...file, width: 10, height: 10 };
    const body = { type: "image", attachment_url: signed.public_url, attachment };
    const sent = await ayu.api.post(`/v1/channels/${channel}/messages`, body);
    expect(sent.status).toBe(201);
    const { body: history } = await ayu.api.get(`/v1/channels/${channel}/messages`);
    expect(history.messages[0]).toMatchObject({ content: "", ...body });
    const foreign = { type: "image", attachment_url: "https://evil.example/x.png" };
    expect(errorOf(await ayu.api.post(`/v1/channels/${channel}/messages`, foreign))).toEqual([400, "VALIDATION_ERROR"]);
  });

  it("[FILE-1] the store refuses another size, type, method, place or signature", async () => {
    const { upload_url: url, headers } = await presign();
    expect(await put(url, new Uint8Array(1001), headers)).toBe(403);
    expect(await put(url, new Uint8Array(10), headers)).toBe(403);
    expect(await put(url, bytes, { "content-type": "text/html" })).toBe(403);
    expect(await put(url.replace("foto-pantai", "other"), bytes, headers)).toBe(403);
    expect(await put(url.replace("X-Amz-Expires=600", "X-Amz-Expires=6000"), bytes, headers)).toBe(403);
    expect((await fetch(url)).status).toBe(403);
  });

  it("[FILE-2] refused types and sizes get no address", async () => {
    for (const content_type of [
      "text/html",
      "image/svg+xml",
      "application/x-msdownload",
      "text/html; charset=utf-8",
      "png",
    ]) {
      const answer = await ayu.api.post("/v1/attachments/presign", { ...file, content_type });
      expect(errorOf(answer), content_type).toEqual([400, "VALIDATION_ERROR"]);
    }
    for (const filename of ["", "a/b.png", "a\\b.png", "a\u0000.png", "x".repeat(256)]) {
      const answer = await ayu.api.post("/v1/attachments/presign", { ...file, filename });
      expect(errorOf(answer), filename).toEqual([400, "VALIDATION_ERROR"]);
    }
    const large = { ...file, size: 25 * 1024 * 1024 + 1 };
    expect(errorOf(await ayu.api.post("/v1/attachments/presign", large))).toEqual([413, "MESSAGE_TOO_LARGE"]);
  });
});

import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { AwsClient } from "aws4fetch";
import { type Door, openDoor, sendJson } from "./door.ts";

export interface FilesDoorOptions {
  port: number;
  /** S3 endpoint and bucket that hold the objects. */
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export const FILES_PATH = "/files/";

/** Shown in the page; everything else is a download, because a page of a stranger must not run here. */
const INLINE = /^(image\/(?!svg)|video\/|audio\/|application\/pdf$)/;
const PASSED_ON = ["content-type", "content-length", "content-range", "accept-ranges", "etag", "last-modified"];
const ASKED_FOR = ["range", "if-none-match", "if-modified-since", "if-range"];

/** Opens an HTTP door for public reads of stored objects, as R2's public bucket domain does in the cloud. */
export async function openFilesDoor(options: FilesDoorOptions): Promise<Door> {
  const { accessKeyId, secretAccessKey, region } = options;
  const store = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3", retries: 0 });
  return openDoor(options.port, async (request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (!isRead || !path.startsWith(FILES_PATH)) return sendJson(response, 404, '{"error":"no such file"}');
    const key = path.slice(FILES_PATH.length);
    const headers: Record<string, string> = {};
    for (const name of ASKED_FOR) {
      const value = request.headers[name];
      if (typeof value === "string") headers[name] = value;
    }
    const object = await store.fetch(`${options.endpoint}/${options.bucket}/${key}`, {
      method: request.method ?? "GET",
      headers,
      aws: { allHeaders: false },
    });
    if (object.status >= 400) {
      await object.body?.cancel();
      const missing = object.status === 403 || object.status === 404;
      return sendJson(response, missing ? 404 : object.status, '{"error":"no such file"}');
    }
    response.writeHead(object.status, publicHeaders(object.headers));
    if (!object.body || request.method === "HEAD") return void response.end();
    const stream = Readable.fromWeb(object.body as ReadableStream);
    stream.on("error", () => response.destroy());
    response.on("close", () => stream.destroy());
    stream.pipe(response);
  });
}

function publicHeaders(stored: Headers): Record<string, string> {
  const headers: Record<string, string> = {
    "x-content-type-options": "nosniff",
    "cache-control": "public, max-age=31536000, immutable",
    "access-control-allow-origin": "*",
    "content-disposition": INLINE.test(stored.get("content-type") ?? "") ? "inline" : "attachment",
  };
  for (const name of PASSED_ON) {
    const value = stored.get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

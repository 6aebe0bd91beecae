import { ApiError, invalid } from "../domain/api-error.ts";
import { LIMITS } from "../protocol/limits.ts";

const JSON_TYPE = /^application\/([\w.-]+\+)?json\s*(;.*)?$/i;
// Throws on bytes that are no UTF-8, instead of storing replacement characters.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/**
 * The JSON body of a request; undefined where there is none. A missing content type counts as JSON.
 * @throws MESSAGE_TOO_LARGE over 64 KiB, before more than that is read; VALIDATION_ERROR for anything that is no JSON
 */
export async function readJson(request: Request): Promise<unknown> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > LIMITS.bodyBytes) throw tooLarge();
  const type = request.headers.get("content-type");
  const bytes = await readBytes(request);
  if (bytes.byteLength === 0) return undefined;
  if (type !== null && type !== "" && !JSON_TYPE.test(type)) {
    throw invalid("content-type", "must be application/json");
  }
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    throw new ApiError("VALIDATION_ERROR", "the body is not valid JSON", {
      details: [{ path: "", message: "is not valid JSON in UTF-8" }],
    });
  }
}

/** With a declared length the run-time sees to it that no more arrives; without one we count. */
async function readBytes(request: Request): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  if (request.headers.has("content-length")) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.byteLength;
    if (size > LIMITS.bodyBytes) {
      await reader.cancel();
      throw tooLarge();
    }
    chunks.push(read.value);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

function tooLarge(): ApiError {
  return new ApiError("MESSAGE_TOO_LARGE", `a body may have at most ${LIMITS.bodyBytes} bytes`);
}

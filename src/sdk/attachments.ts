import type { Attachment } from "../protocol/attachment.ts";
import { KabarError, reasonOf } from "./error.ts";
import type { Http } from "./http.ts";
import type { Rest } from "./rest.ts";

/** What `send` needs to attach an uploaded file. */
export interface UploadedAttachment {
  attachment_url: string;
  attachment: Attachment;
}

/** What the file itself does not tell. */
export interface FileFacts {
  filename: string;
  /** Pixels, of images. */
  width?: number;
  height?: number;
}

/**
 * Uploads a file straight to the object store: asks for a signed address, then puts the bytes there.
 * @throws {KabarError} of the presign call, or UPLOAD_FAILED where the store refuses
 */
export async function uploadAttachment(rest: Rest, http: Http, file: Blob, facts: FileFacts) {
  const contentType = file.type || "application/octet-stream";
  const attachment: Attachment = { content_type: contentType, size: file.size, ...facts };
  const upload = await rest.presign({ filename: facts.filename, content_type: contentType, size: file.size });
  const action = "upload the file";
  let response: Response;
  try {
    response = await http.fetch(upload.upload_url, { method: upload.method, headers: upload.headers, body: file });
  } catch (error) {
    throw new KabarError("UPLOAD_FAILED", action, reasonOf(error), { cause: error });
  }
  if (!response.ok) {
    throw new KabarError("UPLOAD_FAILED", action, `the store answered ${response.status}`, { status: response.status });
  }
  return { attachment_url: upload.public_url, attachment } satisfies UploadedAttachment;
}

import { AwsClient } from "aws4fetch";
import { v7 as uuidv7 } from "uuid";
import { ApiError, invalid } from "../domain/api-error.ts";
import { isAllowedAttachment, safeFilename } from "../domain/attachment-policy.ts";
import type { PresignBody, PresignedUpload } from "../protocol/attachment.ts";
import type { ObjectStoreSettings } from "./settings.ts";

/** Seconds for which an upload address works. */
const UPLOAD_SECONDS = 600;

export interface UploadRules {
  maxAttachmentBytes: number;
  attachmentTypes: readonly string[];
}

/** Where files live: R2, MinIO or S3. It only signs; the bytes never pass through the Worker. */
export class ObjectStore {
  readonly #settings: ObjectStoreSettings;
  readonly #client: AwsClient;

  constructor(settings: ObjectStoreSettings) {
    this.#settings = settings;
    this.#client = new AwsClient({
      accessKeyId: settings.accessKeyId,
      secretAccessKey: settings.secretAccessKey,
      service: "s3",
      region: settings.region,
      retries: 0,
    });
  }

  /** An address to which exactly this many bytes of exactly this type may be PUT within ten minutes. */
  async presign(workspaceId: string, file: PresignBody): Promise<PresignedUpload> {
    const key = `${workspaceId}/${uuidv7()}/${safeFilename(file.filename)}`;
    const url = new URL(this.#urlOf(key));
    url.searchParams.set("X-Amz-Expires", String(UPLOAD_SECONDS));
    const expiresAt = Date.now() + UPLOAD_SECONDS * 1000;
    const signed = await this.#client.sign(url.toString(), {
      method: "PUT",
      headers: { "content-type": file.content_type, "content-length": String(file.size) },
      // Without `allHeaders` neither type nor length would be part of the signature.
      aws: { signQuery: true, allHeaders: true },
    });
    return {
      upload_url: signed.url,
      method: "PUT",
      // The length is signed too, but browsers set it themselves and forbid to set it.
      headers: { "content-type": file.content_type },
      public_url: `${this.#settings.publicUrl}/${key}`,
      expires_at: new Date(expiresAt).toISOString(),
    };
  }

  /** True for the address of a file of the workspace, whatever `..` it contains. */
  owns(workspaceId: string, url: string): boolean {
    const base = `${this.#settings.publicUrl}/${workspaceId}/`;
    return URL.canParse(url) && url.startsWith(base) && new URL(url).href.startsWith(new URL(base).href);
  }

  /** Removes a file by its public address; one that is not there counts as removed. Throws where the store does not. */
  async remove(url: string): Promise<void> {
    const { pathname } = new URL(url);
    const key = pathname.slice(new URL(`${this.#settings.publicUrl}/`).pathname.length);
    const response = await this.#client.fetch(this.#urlOf(key), { method: "DELETE" });
    await response.body?.cancel();
    if (!response.ok && response.status !== 404) throw new Error(`the object store answered ${response.status}`);
  }

  /** Asks for the names of at most one file: true where the store answers and knows our key. */
  async answers(signal: AbortSignal): Promise<boolean> {
    const { endpoint, bucket } = this.#settings;
    const response = await this.#client.fetch(`${endpoint}/${bucket}?list-type=2&max-keys=1`, { signal });
    await response.body?.cancel();
    return response.ok;
  }

  #urlOf(key: string): string {
    return `${this.#settings.endpoint}/${this.#settings.bucket}/${key}`;
  }
}

/** @throws VALIDATION_ERROR for a type that is not allowed, MESSAGE_TOO_LARGE for a file that is too big. */
export function checkUpload(file: PresignBody, rules: UploadRules): void {
  if (!isAllowedAttachment(file.content_type, rules.attachmentTypes)) {
    throw invalid("content_type", "is not a type of file that may be uploaded");
  }
  if (file.size > rules.maxAttachmentBytes) {
    throw new ApiError("MESSAGE_TOO_LARGE", `a file may have at most ${rules.maxAttachmentBytes} bytes`);
  }
}

import type { KabarClient, UploadedAttachment } from "../sdk/index.ts";
import type { PickedFile } from "./picture.ts";

/** Uploads a picked file with what the page knows of it. */
export function upload(client: KabarClient, { file, width, height }: PickedFile): Promise<UploadedAttachment> {
  return client.upload(file, { filename: file.name, width, height });
}

import { ApiError } from "../domain/api-error.ts";
import { checkUpload } from "../platform/object-store.ts";
import { presignBodySchema, presignedUploadSchema } from "../protocol/attachment.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";

export function registerAttachments(api: Api): void {
  endpoint(
    api,
    {
      method: "post",
      path: "/v1/attachments/presign",
      summary: "Get an address to PUT a file to; type, size and expiry are part of its signature",
      tag: "Attachments",
      auth: "U",
      body: presignBodySchema,
      responses: { 200: { description: "Where to put it, and where it will be", schema: presignedUploadSchema } },
      errors: ["MESSAGE_TOO_LARGE"],
    },
    async ({ body, c }, { caller, settings, store }) => {
      if (store === undefined) {
        const message = "this deployment has no object store: its CARIOS_S3_* settings are incomplete";
        throw new ApiError("UPSTREAM_UNAVAILABLE", message, { retryAfter: 60 });
      }
      checkUpload(body, settings);
      return c.json(await store.presign(caller.workspaceId, body));
    },
  );
}

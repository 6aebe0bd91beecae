import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { onDemand } from "./on-demand.ts";
import { storableText, timeSchema } from "./primitives.ts";

/** `type/subtype` without parameters. */
export const contentTypeSchema = z
  .string()
  .max(127)
  .regex(/^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/i, {
    error: "must be a media type such as image/png",
  })
  .transform((text) => text.toLowerCase());

export const filenameSchema = storableText(1, LIMITS.filenameChars).refine((name) => !/[/\\\p{Cc}]/u.test(name), {
  error: "must not contain slashes or control characters",
});

const pixels = z.number().int().min(1).max(65_535);

/** What is known of an attached file; image figures are the client's, checked for plausibility only. */
export const attachmentSchema = onDemand(() =>
  z
    .object({
      content_type: contentTypeSchema,
      size: z.number().int().min(1),
      filename: filenameSchema,
      width: pixels.optional(),
      height: pixels.optional(),
      blurhash: z
        .string()
        .min(6)
        .max(128)
        .regex(/^[0-9A-Za-z#$%*+,\-.:;=?@[\]^_{|}~]+$/, { error: "must be a blurhash" })
        .optional(),
    })
    .meta({ id: "Attachment" }),
);
export type Attachment = z.infer<ReturnType<typeof attachmentSchema>>;

export const presignBodySchema = onDemand(() =>
  z
    .object({ filename: filenameSchema, content_type: contentTypeSchema, size: z.number().int().min(1) })
    .meta({ id: "PresignAttachment" }),
);
export type PresignBody = z.infer<ReturnType<typeof presignBodySchema>>;

export const presignedUploadSchema = onDemand(() =>
  z
    .object({
      upload_url: z.string(),
      method: z.literal("PUT"),
      headers: z.record(z.string(), z.string()),
      public_url: z.string(),
      expires_at: timeSchema,
    })
    .meta({ id: "PresignedUpload" }),
);
export type PresignedUpload = z.infer<ReturnType<typeof presignedUploadSchema>>;

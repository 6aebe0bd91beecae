import * as z from "zod";

/** What of a Google service account's JSON file is needed to send through FCM. */
const serviceAccountSchema = z.object({
  project_id: z.string().min(1),
  client_email: z.string().min(1),
  /** PKCS #8 in PEM. */
  private_key: z.string().includes("PRIVATE KEY"),
  private_key_id: z.string().optional(),
  token_uri: z.url().default("https://oauth2.googleapis.com/token"),
});
export type ServiceAccount = z.infer<typeof serviceAccountSchema>;

/** A setting that holds a service account as JSON text. The complaint never shows the text. */
export const serviceAccountText = z.string().transform((text, context): ServiceAccount => {
  const parsed = serviceAccountSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  context.addIssue({ code: "custom", message: "must be the JSON of a Google service account" });
  return z.NEVER;
});

export interface FcmSettings {
  account: ServiceAccount;
  /** Without a trailing slash. */
  url: string;
  oauthUrl: string;
}

/** A pair of keys on P-256 by which push services know the sender (RFC 8292), both base64url of the raw bytes. */
export interface VapidSettings {
  publicKey: string;
  privateKey: string;
  /** `mailto:` or https: whom a push service may ask. */
  subject: string;
}

export const vapidPublicKeyText = z.string().regex(/^B[A-Za-z0-9_-]{86}=?$/, {
  error: "must be base64url of an uncompressed point on P-256",
});
export const vapidPrivateKeyText = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}=?$/, { error: "must be base64url of 32 bytes" });
export const vapidSubjectText = z
  .string()
  .regex(/^(mailto:|https:\/\/)/, { error: "must begin with mailto: or https://" });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { onDemand } from "./on-demand.ts";
import { refSchema, timeSchema } from "./primitives.ts";

/** What a push service knows a device by. Printable ASCII, as all of them issue. */
export const deviceTokenSchema = z
  .string()
  .min(1)
  .max(LIMITS.deviceTokenChars)
  .regex(/^[\x21-\x7e]+$/, { error: "must be printable ASCII without spaces" });

/** Base64url of exactly `bytes` bytes, padded or not; read as its unpadded form. */
const base64Url = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((bytes * 4) / 3)}}={0,2}$`), {
      error: `must be base64url of ${bytes} bytes`,
    })
    .transform((text) => text.replace(/=+$/, ""));

/** A browser's `PushSubscription`, as its `toJSON()` gives it. */
export const pushSubscriptionSchema = onDemand(() =>
  z
    .object({
      endpoint: z
        .string()
        .max(LIMITS.urlChars)
        .refine((text) => URL.canParse(text), { error: "must be a URL" }),
      keys: z.object({
        /** The browser's public key: an uncompressed point on P-256. */
        p256dh: base64Url(65),
        /** Its authentication secret. */
        auth: base64Url(16),
      }),
    })
    .meta({ id: "PushSubscription" }),
);
export type PushSubscriptionKeys = z.infer<ReturnType<typeof pushSubscriptionSchema>>;

export const platformSchema = z.enum(["ios", "android", "web"]);
export type Platform = z.infer<typeof platformSchema>;

/** Without a `subscription` the token is FCM's, on every platform. */
export const registerDeviceBodySchema = onDemand(() =>
  z
    .object({ platform: platformSchema, subscription: pushSubscriptionSchema().optional() })
    .refine((body) => body.subscription === undefined || body.platform === "web", {
      error: "belongs to the platform web only",
      path: ["subscription"],
    })
    .meta({ id: "RegisterDevice" }),
);
export type RegisterDeviceBody = z.infer<ReturnType<typeof registerDeviceBodySchema>>;

/** Without `until` for good. */
export const pushMuteBodySchema = onDemand(() =>
  z.object({ until: timeSchema.nullable().optional() }).meta({ id: "PushMuteBody" }),
);

/** `muted_until` is null where nothing is muted, and where it is for good. */
export const pushMuteSchema = onDemand(() =>
  z.object({ muted: z.boolean(), muted_until: timeSchema.nullable() }).meta({ id: "PushMute" }),
);
export type PushMute = z.infer<ReturnType<typeof pushMuteSchema>>;

/** `public_key` is what browsers subscribe with (`applicationServerKey`), null where Web Push is not set up. */
export const vapidKeySchema = onDemand(() => z.object({ public_key: z.string().nullable() }).meta({ id: "VapidKey" }));

/** The channel that a connection shows, null for none. */
export const focusDataSchema = onDemand(() => z.object({ channel_id: refSchema.nullable() }));

import * as z from "zod";
import { DEFAULT_ATTACHMENT_TYPES } from "../domain/attachment-policy.ts";
import type { HubNamespace } from "./hub-client.ts";
import {
  type FcmSettings,
  serviceAccountText,
  type VapidSettings,
  vapidPrivateKeyText,
  vapidPublicKeyText,
  vapidSubjectText,
} from "./push/settings.ts";

/** Bindings of wrangler.toml and all variables and secrets, as the run-time hands them over. */
export interface Env extends Partial<Record<SettingName, string | number | boolean>> {
  WORKSPACE_HUB: HubNamespace;
  ASSETS: { fetch(request: Request): Promise<Response> };
}

/** An empty variable counts as one that is not set. */
const blankAsMissing = (value: unknown) => (typeof value === "string" && value.trim() === "" ? undefined : value);
const optional = <Schema extends z.ZodType>(schema: Schema) => z.preprocess(blankAsMissing, schema.optional());
const withDefault = <Schema extends z.ZodType<unknown, unknown>>(schema: Schema, value: z.output<Schema>) =>
  z.preprocess((input) => blankAsMissing(input) ?? value, schema);

const text = z.coerce.string().trim().min(1);
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const httpUrl = text
  .refine((value) => /^https?:\/\//i.test(value) && URL.canParse(value), { error: "must be an http or https URL" })
  .transform((value) => value.replace(/\/+$/, ""));
const list = (value: unknown) =>
  typeof value === "string"
    ? value
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "")
    : value;

const perMinute = (value: number) => withDefault(whole(1, 10_000_000), value);

/** Every variable and secret with its default: the one list of what a deployment may set. */
const schema = z.object({
  DATABASE_URL: text,
  /** Neon's HTTP door where it is not the one of the host name: the local stack, a proxy. */
  NEON_FETCH_ENDPOINT: optional(httpUrl),
  /** Without Redis each isolate limits by itself. */
  UPSTASH_REDIS_REST_URL: optional(httpUrl),
  UPSTASH_REDIS_REST_TOKEN: optional(text),
  CARIOS_JWT_SECRET: text.refine((value) => new TextEncoder().encode(value).byteLength >= 32, {
    error: "must be at least 32 bytes",
  }),
  CARIOS_JWT_ISSUER: withDefault(text, "cariosan"),
  CARIOS_JWT_TTL_HOURS: withDefault(
    z.coerce
      .number()
      .positive()
      .max(24 * 365),
    24,
  ),
  CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: perMinute(60),
  CARIOS_RATE_LIMIT_KEY_REQUESTS_PER_MINUTE: perMinute(6000),
  CARIOS_RATE_LIMIT_USER_REQUESTS_PER_MINUTE: perMinute(600),
  CARIOS_RATE_LIMIT_ADDRESS_REQUESTS_PER_MINUTE: perMinute(1200),
  CARIOS_MAX_MESSAGE_SIZE_BYTES: withDefault(whole(1, 60 * 1024), 8 * 1024),
  /** 0: messages may be edited for ever. */
  CARIOS_MESSAGE_EDIT_WINDOW_SECONDS: withDefault(whole(0, 10 * 365 * 24 * 3600), 0),
  CARIOS_MAX_ATTACHMENT_SIZE_BYTES: withDefault(whole(1, 5 * 1024 ** 3), 25 * 1024 * 1024),
  CARIOS_ATTACHMENT_TYPES: z.preprocess(
    (input) => list(blankAsMissing(input)) ?? DEFAULT_ATTACHMENT_TYPES,
    z.array(z.string().toLowerCase()).min(1),
  ),
  CARIOS_S3_ENDPOINT: optional(httpUrl),
  CARIOS_S3_REGION: withDefault(text, "auto"),
  CARIOS_S3_BUCKET: optional(text),
  CARIOS_S3_ACCESS_KEY_ID: optional(text),
  CARIOS_S3_SECRET_ACCESS_KEY: optional(text),
  CARIOS_S3_PUBLIC_URL: optional(httpUrl),
  /** Empty: same origin only; a comma list; `*` any. */
  CARIOS_CORS_ALLOWED_ORIGINS: z.preprocess((input) => list(input) ?? [], z.array(z.string())),
  /** Whose demo users `/demo/session` signs in; unset: there is no demo. */
  KABAR_DEMO_WORKSPACE_ID: optional(z.uuid()),
  KABAR_JOURNAL_RETENTION_HOURS: withDefault(whole(1, 24 * 365), 168),
  /** `true` lets webhooks, hooks and pushes reach private addresses and plain http: for local development. */
  CARIOS_WEBHOOK_ALLOW_PRIVATE: withDefault(z.union([z.boolean(), z.stringbool()]), false),
  /** JSON text of a Google service account: turns on pushes through FCM. */
  KABAR_FCM_SERVICE_ACCOUNT: optional(serviceAccountText),
  KABAR_FCM_URL: withDefault(httpUrl, "https://fcm.googleapis.com"),
  /** Where access tokens for FCM come from; the service account names the usual place. */
  KABAR_OAUTH_URL: optional(httpUrl),
  /** All three turn on Web Push. */
  KABAR_VAPID_PUBLIC_KEY: optional(vapidPublicKeyText),
  KABAR_VAPID_PRIVATE_KEY: optional(vapidPrivateKeyText),
  KABAR_VAPID_SUBJECT: optional(vapidSubjectText),
});

export type SettingName = keyof z.input<typeof schema>;

/** Where files go, complete or not at all. */
export interface ObjectStoreSettings {
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  publicUrl: string;
}

/** A variable is missing or wrong. The text names it and never shows its value. */
export class SettingsError extends Error {}

export type Settings = ReturnType<typeof parseSettings>;

/** Reads and checks all settings. @throws SettingsError */
export function parseSettings(env: Readonly<Partial<Record<SettingName, unknown>>>) {
  const parsed = schema.safeParse(env);
  if (!parsed.success) throw new SettingsError(explain(parsed.error));
  const read = parsed.data;
  const { UPSTASH_REDIS_REST_URL: redisUrl, UPSTASH_REDIS_REST_TOKEN: redisToken } = read;
  return {
    databaseUrl: read.DATABASE_URL,
    neonFetchEndpoint: read.NEON_FETCH_ENDPOINT,
    redis: redisUrl !== undefined && redisToken !== undefined ? { url: redisUrl, token: redisToken } : undefined,
    jwt: {
      secret: read.CARIOS_JWT_SECRET,
      issuer: read.CARIOS_JWT_ISSUER,
      ttlSeconds: read.CARIOS_JWT_TTL_HOURS * 3600,
    },
    messagesPerMinute: read.CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE,
    requestsPerMinute: {
      key: read.CARIOS_RATE_LIMIT_KEY_REQUESTS_PER_MINUTE,
      user: read.CARIOS_RATE_LIMIT_USER_REQUESTS_PER_MINUTE,
      address: read.CARIOS_RATE_LIMIT_ADDRESS_REQUESTS_PER_MINUTE,
    },
    editWindowSeconds: read.CARIOS_MESSAGE_EDIT_WINDOW_SECONDS,
    maxMessageBytes: read.CARIOS_MAX_MESSAGE_SIZE_BYTES,
    maxAttachmentBytes: read.CARIOS_MAX_ATTACHMENT_SIZE_BYTES,
    attachmentTypes: read.CARIOS_ATTACHMENT_TYPES,
    s3PublicUrl: read.CARIOS_S3_PUBLIC_URL,
    objectStore: objectStoreOf(read),
    allowedOrigins: read.CARIOS_CORS_ALLOWED_ORIGINS,
    demoWorkspaceId: read.KABAR_DEMO_WORKSPACE_ID,
    journalRetentionHours: read.KABAR_JOURNAL_RETENTION_HOURS,
    allowPrivateTargets: read.CARIOS_WEBHOOK_ALLOW_PRIVATE,
    fcm: fcmOf(read),
    vapid: vapidOf(read),
  };
}

function objectStoreOf(read: z.output<typeof schema>): ObjectStoreSettings | undefined {
  const endpoint = read.CARIOS_S3_ENDPOINT;
  const bucket = read.CARIOS_S3_BUCKET;
  const accessKeyId = read.CARIOS_S3_ACCESS_KEY_ID;
  const secretAccessKey = read.CARIOS_S3_SECRET_ACCESS_KEY;
  const publicUrl = read.CARIOS_S3_PUBLIC_URL;
  if (!endpoint || !bucket || !accessKeyId || !secretAccessKey || !publicUrl) return undefined;
  return { endpoint, region: read.CARIOS_S3_REGION, bucket, accessKeyId, secretAccessKey, publicUrl };
}

function fcmOf(read: z.output<typeof schema>): FcmSettings | undefined {
  const account = read.KABAR_FCM_SERVICE_ACCOUNT;
  if (account === undefined) return undefined;
  return { account, url: read.KABAR_FCM_URL, oauthUrl: read.KABAR_OAUTH_URL ?? account.token_uri };
}

function vapidOf(read: z.output<typeof schema>): VapidSettings | undefined {
  const publicKey = read.KABAR_VAPID_PUBLIC_KEY?.replace("=", "");
  const privateKey = read.KABAR_VAPID_PRIVATE_KEY?.replace("=", "");
  const subject = read.KABAR_VAPID_SUBJECT;
  if (!publicKey || !privateKey || !subject) return undefined;
  return { publicKey, privateKey, subject };
}

function explain(error: z.ZodError): string {
  const complaints = error.issues.map((issue) => {
    const isMissing = issue.code === "invalid_type" && issue.input === undefined;
    return `${issue.path.join(".")} ${isMissing ? "is not set" : issue.message}`;
  });
  return `settings: ${complaints.join("; ")}`;
}

const cache = new WeakMap<object, Settings>();

/** The settings of this isolate, parsed once. @throws SettingsError */
export function settingsOf(env: Env): Settings {
  const known = cache.get(env);
  if (known !== undefined) return known;
  const settings = parseSettings(env);
  cache.set(env, settings);
  return settings;
}

import { StackError } from "./errors.ts";
import { FILES_PATH, openFilesDoor } from "./files-door.ts";
import type { PartContext } from "./part.ts";
import { rememberedPort } from "./port-of.ts";

export interface StorePart {
  readonly vars: Record<string, string>;
  /** The local bucket for the Worker's run-time; absent when a replacement store is used. */
  readonly bucket?: { name: string; accessKeyId: string; secretAccessKey: string };
  close(): Promise<void>;
}

/**
 * Object store: the run-time's own local R2, whose S3 door is on the Worker's port (so a page uploads to its own
 * origin), or the S3 service that the settings name. Public reads go through a door here unless a public URL is given.
 */
export async function startStore(context: PartContext, workerBaseUrl: string): Promise<StorePart> {
  const { env, state } = context;
  const setting = (name: string): string | undefined =>
    env[`KABAR_S3_${name}`] || env[`CARIOS_S3_${name}`] || undefined;
  const replacement = setting("ENDPOINT")?.replace(/\/+$/, "");
  const accessKeyId = replacement ? setting("ACCESS_KEY_ID") : state.value.secrets.s3AccessKeyId;
  const secretAccessKey = replacement ? setting("SECRET_ACCESS_KEY") : state.value.secrets.s3SecretAccessKey;
  if (!accessKeyId || !secretAccessKey) {
    throw new StackError(
      "An S3 endpoint is set without its keys: set KABAR_S3_ACCESS_KEY_ID and KABAR_S3_SECRET_ACCESS_KEY too.",
    );
  }
  const endpoint = replacement ?? `${workerBaseUrl}/cdn-cgi/local/r2/s3`;
  const region = setting("REGION") ?? "auto";
  const bucket = setting("BUCKET") ?? "kabar-files";
  const store = { endpoint, region, bucket, accessKeyId, secretAccessKey };
  const givenPublicUrl = replacement ? setting("PUBLIC_URL")?.replace(/\/+$/, "") : undefined;
  const door = givenPublicUrl
    ? undefined
    : await openFilesDoor({ ...store, port: await rememberedPort(state, "files") });
  return {
    vars: {
      CARIOS_S3_ENDPOINT: endpoint,
      CARIOS_S3_REGION: region,
      CARIOS_S3_BUCKET: bucket,
      CARIOS_S3_ACCESS_KEY_ID: accessKeyId,
      CARIOS_S3_SECRET_ACCESS_KEY: secretAccessKey,
      CARIOS_S3_PUBLIC_URL: givenPublicUrl ?? `http://127.0.0.1:${door?.port}${FILES_PATH.slice(0, -1)}`,
    },
    ...(!replacement && { bucket: { name: bucket, accessKeyId, secretAccessKey } }),
    close: async () => door?.close(),
  };
}

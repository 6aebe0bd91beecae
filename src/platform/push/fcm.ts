import * as z from "zod";
import type { PushDevice, PushNotification, PushOutcome } from "../../domain/push.ts";
import { isTemporary, later, type PushAnswer, post, reasonOf } from "./http.ts";
import { AccessTokens, TokenRefused } from "./oauth.ts";
import type { FcmSettings } from "./settings.ts";

/** Google's error body; `details` holds FCM's own code and, for a wrong field, its name. */
const errorSchema = z.object({
  error: z.object({
    status: z.string().optional(),
    message: z.string().optional(),
    details: z
      .array(
        z.object({
          errorCode: z.string().optional(),
          fieldViolations: z.array(z.object({ field: z.string().optional() })).optional(),
        }),
      )
      .optional(),
  }),
});

/** Where FCM says nothing else of a quota that is used up, its manual asks for a minute. */
const QUOTA_PAUSE_MS = 60_000;

/** Sends through the HTTP v1 API of Firebase Cloud Messaging. */
export class Fcm {
  readonly #settings: FcmSettings;
  readonly #tokens: AccessTokens;

  constructor(settings: FcmSettings) {
    this.#settings = settings;
    this.#tokens = new AccessTokens(settings);
  }

  /** Never throws. */
  async send(device: PushDevice, notification: PushNotification): Promise<PushOutcome> {
    try {
      const first = await this.#attempt(device, notification);
      // A token may be revoked before its time: once more with a fresh one.
      const answer = first.status === 401 ? await this.#attempt(device, notification) : first;
      return outcomeOf(answer);
    } catch (error) {
      const what = error instanceof TokenRefused ? `no access token: ${error.message}` : reasonOf(error);
      return { kind: "retry", reason: what };
    }
  }

  async #attempt(device: PushDevice, notification: PushNotification): Promise<PushAnswer> {
    const { url, account } = this.#settings;
    const token = await this.#tokens.get(Date.now());
    const answer = await post(
      `${url}/v1/projects/${encodeURIComponent(account.project_id)}/messages:send`,
      { authorization: `Bearer ${token}`, "content-type": "application/json" },
      JSON.stringify({ message: fcmMessage(device.token, notification) }),
    );
    if (answer.status === 401) this.#tokens.forget(token);
    return answer;
  }
}

/** The names by which a second delivery of one message replaces the first on the device: `tag`, `apns-collapse-id`. */
function fcmMessage(token: string, { title, channelId, messageId, ttlSeconds }: PushNotification) {
  const expires = Math.floor(Date.now() / 1000) + ttlSeconds;
  return {
    token,
    notification: { title },
    data: { channel_id: channelId, message_id: messageId },
    android: { priority: "HIGH", ttl: `${ttlSeconds}s`, notification: { tag: messageId } },
    apns: {
      headers: { "apns-priority": "10", "apns-collapse-id": messageId, "apns-expiration": String(expires) },
      payload: { aps: { sound: "default" } },
    },
  };
}

/** By FCM's table of error codes. */
function outcomeOf(answer: PushAnswer): PushOutcome {
  if (answer.status >= 200 && answer.status < 300) return { kind: "sent" };
  const parsed = errorSchema.safeParse(parseJson(answer.text));
  const { status = "", message = "", details = [] } = parsed.success ? parsed.data.error : {};
  const code = details.find((detail) => detail.errorCode !== undefined)?.errorCode ?? status;
  const fields = details.flatMap((detail) => detail.fieldViolations ?? []).map(({ field }) => field);
  // A 404 that is not FCM's own comes from a wrong address: no reason to forget devices.
  if (code === "UNREGISTERED" || (answer.status === 404 && status === "NOT_FOUND")) return { kind: "gone" };
  if (answer.status === 400 && (fields.includes("message.token") || /registration token/i.test(message))) {
    return { kind: "gone" };
  }
  if (isTemporary(answer.status)) return later(answer, answer.status === 429 ? QUOTA_PAUSE_MS : undefined);
  // Credentials or the address are wrong: the operator can put that right within the push's lifetime.
  if (code !== "SENDER_ID_MISMATCH" && isOperators(answer.status)) {
    return { kind: "retry", reason: `status ${answer.status} ${code}`.trim() };
  }
  return { kind: "refused", reason: `status ${answer.status} ${code}`.trim() };
}

/** True for answers that only the operator can change. */
function isOperators(status: number): boolean {
  return status === 401 || status === 403 || status === 404 || status < 400;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

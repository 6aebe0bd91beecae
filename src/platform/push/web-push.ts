import type { PushDevice, PushNotification, PushOutcome } from "../../domain/push.ts";
import { encryptPush } from "./encrypt.ts";
import { isTemporary, later, post, reasonOf } from "./http.ts";
import type { VapidSettings } from "./settings.ts";
import { Vapid } from "./vapid.ts";

/** Sends through the push service that a browser has chosen (RFC 8030). */
export class WebPush {
  readonly #vapid: Vapid;

  constructor(settings: VapidSettings) {
    this.#vapid = new Vapid(settings);
  }

  /** Never throws. */
  async send(
    subscription: NonNullable<PushDevice["subscription"]>,
    notification: PushNotification,
  ): Promise<PushOutcome> {
    const { title, channelId, messageId, ttlSeconds } = notification;
    let body: Uint8Array<ArrayBuffer>;
    try {
      const payload = { title, data: { channel_id: channelId, message_id: messageId } };
      body = await encryptPush(JSON.stringify(payload), subscription.keys);
    } catch {
      // No browser can read what is encrypted for such a key.
      return { kind: "gone" };
    }
    try {
      const headers = {
        authorization: await this.#vapid.authorization(new URL(subscription.endpoint).origin),
        "content-type": "application/octet-stream",
        "content-encoding": "aes128gcm",
        ttl: String(ttlSeconds),
        urgency: "high",
        topic: topicOf(messageId),
      };
      const answer = await post(subscription.endpoint, headers, body);
      const { status } = answer;
      if (status >= 200 && status < 300) return { kind: "sent" };
      if (status === 404 || status === 410) return { kind: "gone" };
      return isTemporary(status) ? later(answer) : { kind: "refused", reason: `status ${status}` };
    } catch (error) {
      return { kind: "retry", reason: reasonOf(error) };
    }
  }
}

/** A second delivery of one message replaces the first while it waits. At most 32 characters of base64url. */
function topicOf(messageId: string): string {
  return messageId.replaceAll("-", "");
}

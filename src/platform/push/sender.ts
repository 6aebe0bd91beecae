import type { PushSender } from "../../domain/hub-ports.ts";
import { Fcm } from "./fcm.ts";
import type { FcmSettings, VapidSettings } from "./settings.ts";
import { WebPush } from "./web-push.ts";

const cache = new WeakMap<object, PushSender>();

/** The push services of this isolate; undefined where none is configured. */
export function pushSender(settings: {
  fcm: FcmSettings | undefined;
  vapid: VapidSettings | undefined;
}): PushSender | undefined {
  const known = cache.get(settings);
  if (known !== undefined) return known;
  const fcm = settings.fcm === undefined ? undefined : new Fcm(settings.fcm);
  const webPush = settings.vapid === undefined ? undefined : new WebPush(settings.vapid);
  if (fcm === undefined && webPush === undefined) return undefined;
  const sender: PushSender = {
    laneOf({ subscription }) {
      if (subscription === null) return fcm === undefined ? undefined : "fcm";
      return webPush === undefined ? undefined : new URL(subscription.endpoint).origin;
    },
    async send(device, notification) {
      const { subscription } = device;
      const sent = subscription === null ? fcm?.send(device, notification) : webPush?.send(subscription, notification);
      return (await sent) ?? { kind: "refused", reason: "no push service for the device" };
    },
  };
  cache.set(settings, sender);
  return sender;
}

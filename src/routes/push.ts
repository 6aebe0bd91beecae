import { registerDeviceBodySchema, vapidKeySchema } from "../protocol/push.ts";
import * as devices from "../services/devices.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { deviceParams } from "./params.ts";

const tag = "Push";

export function registerPush(api: Api): void {
  endpoint(
    api,
    {
      method: "put",
      path: "/v1/me/devices/{token}",
      summary: "Register a device for pushes, by its FCM token or a name of its own for a Web Push subscription",
      tag,
      auth: "U",
      params: deviceParams,
      body: registerDeviceBodySchema,
      responses: { 204: { description: "Registered, whether pushes are set up or not" } },
    },
    async ({ params, body, c }, context) => {
      await devices.register(context, params.token, body);
      return c.body(null, 204);
    },
  );

  endpoint(
    api,
    {
      method: "delete",
      path: "/v1/me/devices/{token}",
      summary: "Forget a device",
      tag,
      auth: "U",
      params: deviceParams,
      responses: { 204: { description: "Forgotten" } },
    },
    async ({ params, c }, context) => {
      await devices.remove(context, params.token);
      return c.body(null, 204);
    },
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/push/vapid-key",
      summary: "The key that browsers subscribe to Web Push with",
      tag,
      auth: "U",
      responses: { 200: { description: "The key; null where Web Push is not set up", schema: vapidKeySchema } },
    },
    async ({ c }, { settings }) => c.json({ public_key: settings.vapid?.publicKey ?? null }),
  );
}

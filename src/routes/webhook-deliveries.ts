import * as z from "zod";
import { onDemand } from "../protocol/on-demand.ts";
import { deliveryListSchema, deliveryQuerySchema, deliverySchema } from "../protocol/webhook.ts";
import * as webhooks from "../services/webhooks.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { uuidParams } from "./params.ts";

const tag = "Webhooks";
const deliveryParams = onDemand(() =>
  uuidParams().extend({
    did: z
      .string()
      .regex(/^dlv_[1-9]\d{0,14}$/, { error: "must be the id of a delivery" })
      .describe("Id of a delivery"),
  }),
);

export function registerWebhookDeliveries(api: Api): void {
  endpoint(
    api,
    {
      method: "post",
      path: "/v1/webhooks/{id}/test",
      summary: "Send a webhook.test event, once and also to a disabled webhook; see the deliveries for how it went",
      tag,
      auth: "K",
      params: uuidParams,
      responses: { 202: { description: "The delivery", schema: deliverySchema } },
      errors: ["NOT_FOUND"],
    },
    async ({ params: { id }, c }, { hub }) => c.json(await hub.testWebhook(id), 202),
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/webhooks/{id}/deliveries",
      summary:
        "Deliveries, newest first: pending ones, the last 1,000 delivered within a day, dead letters of seven days",
      tag,
      auth: "K",
      params: uuidParams,
      query: deliveryQuerySchema,
      responses: { 200: { description: "A page", schema: deliveryListSchema } },
      errors: ["NOT_FOUND"],
    },
    async ({ params: { id }, query, c }, context) => c.json(await webhooks.deliveries(context, id, query)),
  );

  endpoint(
    api,
    {
      method: "post",
      path: "/v1/webhooks/{id}/deliveries/{did}/redeliver",
      summary: "Deliver again what has ended, under the same event id; a pending delivery is tried at once",
      tag,
      auth: "K",
      params: deliveryParams,
      responses: { 202: { description: "The delivery", schema: deliverySchema } },
      errors: ["NOT_FOUND", "CONFLICT"],
    },
    async ({ params: { id, did }, c }, { hub }) =>
      c.json(await hub.redeliver(id, Number(did.slice("dlv_".length))), 202),
  );
}

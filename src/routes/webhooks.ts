import { pageQuerySchema } from "../protocol/primitives.ts";
import {
  createdWebhookSchema,
  createWebhookBodySchema,
  updateWebhookBodySchema,
  webhookListSchema,
  webhookSchema,
} from "../protocol/webhook.ts";
import * as webhooks from "../services/webhooks.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { uuidParams } from "./params.ts";

const tag = "Webhooks";

export function registerWebhooks(api: Api): void {
  endpoint(
    api,
    {
      method: "post",
      path: "/v1/webhooks",
      summary: "Create a webhook, or get the one with this URL and these events; the secret is shown only here",
      tag,
      auth: "K",
      body: createWebhookBodySchema,
      responses: {
        200: { description: "It was there", schema: createdWebhookSchema },
        201: { description: "Created", schema: createdWebhookSchema },
      },
      errors: ["CONFLICT"],
    },
    async ({ body, c }, context) => {
      const { webhook, isNew } = await webhooks.create(context, body);
      return c.json(webhook, isNew ? 201 : 200);
    },
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/webhooks",
      summary: "List webhooks in order of creation",
      tag,
      auth: "K",
      query: pageQuerySchema,
      responses: { 200: { description: "A page", schema: webhookListSchema } },
    },
    async ({ query, c }, context) => c.json(await webhooks.list(context, query.limit, query.cursor)),
  );

  endpoint(
    api,
    {
      method: "patch",
      path: "/v1/webhooks/{id}",
      summary: "Change a webhook's URL or events, disable it or enable it (again)",
      tag,
      auth: "K",
      params: uuidParams,
      body: updateWebhookBodySchema,
      responses: { 200: { description: "The webhook", schema: webhookSchema } },
      errors: ["NOT_FOUND"],
    },
    async ({ params: { id }, body, c }, context) => c.json(await webhooks.update(context, id, body)),
  );

  endpoint(
    api,
    {
      method: "delete",
      path: "/v1/webhooks/{id}",
      summary: "Delete a webhook with its deliveries",
      tag,
      auth: "K",
      params: uuidParams,
      responses: { 204: { description: "Deleted" } },
      errors: ["NOT_FOUND"],
    },
    async ({ params: { id }, c }, context) => {
      await webhooks.remove(context, id);
      return c.body(null, 204);
    },
  );
}

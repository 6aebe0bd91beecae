import * as z from "zod";
import { parseWith } from "../middleware/errors.ts";
import { LIMITS } from "../protocol/limits.ts";
import { historyQuerySchema, historySchema, messageSchema, sendMessageBodySchema } from "../protocol/message.ts";
import { onDemand } from "../protocol/on-demand.ts";
import { storableText } from "../protocol/primitives.ts";
import { pageBody } from "../services/held-history.ts";
import * as history from "../services/history.ts";
import { send } from "../services/send.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { idParams, messageParams } from "./params.ts";

const tag = "Messages";
const keyHeader = onDemand(() =>
  z.object({ "idempotency-key": storableText(1, LIMITS.idempotencyKeyChars).optional() }),
);

export function registerMessages(api: Api): void {
  endpoint(
    api,
    {
      method: "post",
      path: "/v1/channels/{id}/messages",
      summary: "Send a message; it is durable when the answer comes",
      tag,
      auth: "KU",
      rate: "deferred",
      params: idParams,
      body: sendMessageBodySchema,
      responses: {
        201: {
          description: "Sent; with header `Idempotent-Replayed: true` where the key was used before",
          schema: messageSchema,
        },
      },
      errors: ["NOT_FOUND", "NOT_A_MEMBER", "MUTED", "MESSAGE_TOO_LARGE", "MESSAGE_REJECTED", "CONFLICT"],
    },
    async ({ params, body, c }, context) => {
      const headers = parseWith(keyHeader(), { "idempotency-key": c.req.header("idempotency-key") });
      const { message, replayed } = await send(context, params.id, body, headers["idempotency-key"]);
      return c.json(message, 201, replayed ? { "Idempotent-Replayed": "true" } : {});
    },
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/channels/{id}/messages",
      summary: "History, newest first; contains everything acknowledged before the call",
      tag,
      auth: "KU",
      params: idParams,
      query: historyQuerySchema,
      responses: { 200: { description: "A page", schema: historySchema } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, query, c }, context) => {
      const body = await pageBody(context, params.id, query);
      return c.body(body, 200, { "content-type": "application/json" });
    },
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/channels/{id}/messages/{mid}",
      summary: "Get a message",
      tag,
      auth: "KU",
      params: messageParams,
      responses: { 200: { description: "The message", schema: messageSchema } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, c }, context) => c.json(await history.message(context, params.id, params.mid)),
  );
}

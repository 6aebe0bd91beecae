import { changedMessageSchema, pinListSchema } from "../protocol/message.ts";
import { pageQuerySchema } from "../protocol/primitives.ts";
import { actorOf } from "../services/context.ts";
import * as pins from "../services/pins.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { idParams, messageParams } from "./params.ts";

const tag = "Pins";

export function registerPins(api: Api): void {
  for (const method of ["put", "delete"] as const) {
    endpoint(
      api,
      {
        method,
        path: "/v1/channels/{id}/messages/{mid}/pin",
        summary: method === "put" ? "Pin a message" : "Unpin a message",
        tag,
        auth: "KU",
        params: messageParams,
        responses: { 200: { description: "The message as it is now", schema: changedMessageSchema } },
        errors: ["NOT_FOUND", "NOT_A_MEMBER"],
      },
      async ({ params, c }, { hub, caller }) => {
        const target = { channel: params.id, messageId: params.mid, actor: actorOf(caller) };
        return c.json(await hub.pinMessage({ ...target, pinned: method === "put" }));
      },
    );
  }

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/channels/{id}/pins",
      summary: "Pinned messages, last pinned first",
      tag,
      auth: "KU",
      params: idParams,
      query: pageQuerySchema,
      responses: { 200: { description: "A page", schema: pinListSchema } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, query, c }, context) => c.json(await pins.list(context, params.id, query.limit, query.cursor)),
  );
}

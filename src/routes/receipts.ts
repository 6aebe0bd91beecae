import { receiptBodySchema } from "../protocol/message.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { idParams } from "./params.ts";

export function registerReceipts(api: Api): void {
  for (const kind of ["read", "delivered"] as const) {
    endpoint(
      api,
      {
        method: "post",
        path: `/v1/channels/{id}/${kind}`,
        summary: `Mark a channel as ${kind} up to a message, or up to the newest; never backwards`,
        tag: "Receipts",
        auth: "U",
        params: idParams,
        body: receiptBodySchema,
        bodyOptional: true,
        responses: { 204: { description: "Noted" } },
        errors: ["NOT_FOUND", "NOT_A_MEMBER"],
      },
      async ({ params, body, c }, { hub, caller }) => {
        const messageId = body.message_id === undefined ? {} : { messageId: body.message_id };
        await hub.receipt({ kind, channel: params.id, userId: caller.userId, ...messageId });
        return c.body(null, 204);
      },
    );
  }
}

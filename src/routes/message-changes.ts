import { changedMessageSchema, editMessageBodySchema } from "../protocol/message.ts";
import { actorOf } from "../services/context.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { messageParams } from "./params.ts";

const tag = "Messages";
const path = "/v1/channels/{id}/messages/{mid}";

export function registerMessageChanges(api: Api): void {
  endpoint(
    api,
    {
      method: "patch",
      path,
      summary: "Edit a message; with a token its author only",
      tag,
      auth: "KU",
      params: messageParams,
      body: editMessageBodySchema,
      responses: { 200: { description: "The message as it is now", schema: changedMessageSchema } },
      errors: [
        "NOT_FOUND",
        "NOT_A_MEMBER",
        "NOT_AUTHOR",
        "EDIT_WINDOW_EXPIRED",
        "MESSAGE_TOO_LARGE",
        "MESSAGE_REJECTED",
      ],
    },
    async ({ params, body, c }, { hub, caller }) =>
      c.json(await hub.editMessage({ channel: params.id, messageId: params.mid, actor: actorOf(caller), body })),
  );

  endpoint(
    api,
    {
      method: "delete",
      path,
      summary: "Unsend a message: its content is blanked for good, a tombstone stays",
      tag,
      auth: "KU",
      params: messageParams,
      responses: { 200: { description: "The tombstone; a repeat answers the same", schema: changedMessageSchema } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER", "NOT_AUTHOR"],
    },
    async ({ params, c }, { hub, caller }) =>
      c.json(await hub.unsendMessage({ channel: params.id, messageId: params.mid, actor: actorOf(caller) })),
  );
}

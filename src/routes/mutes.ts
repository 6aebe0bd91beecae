import { muteBodySchema, muteListSchema, muteSchema } from "../protocol/moderation.ts";
import { pageQuerySchema } from "../protocol/primitives.ts";
import * as mutes from "../services/mutes.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { idParams, memberParams } from "./params.ts";

const tag = "Moderation";
const path = "/v1/channels/{id}/mutes/{user_id}";

export function registerMutes(api: Api): void {
  endpoint(
    api,
    {
      method: "put",
      path,
      summary: "Mute a user in a channel: it reads and reacts, but neither sends nor edits",
      tag,
      auth: "KU",
      params: memberParams,
      body: muteBodySchema,
      bodyOptional: true,
      responses: { 200: { description: "The mute", schema: muteSchema } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER", "CONFLICT"],
    },
    async ({ params, body, c }, context) => c.json(await mutes.mute(context, params.id, params.user_id, body)),
  );

  endpoint(
    api,
    {
      method: "delete",
      path,
      summary: "End a mute",
      tag,
      auth: "KU",
      params: memberParams,
      responses: { 204: { description: "The user is not muted" } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, c }, context) => {
      await mutes.unmute(context, params.id, params.user_id);
      return c.body(null, 204);
    },
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/channels/{id}/mutes",
      summary: "Who is muted in a channel now, latest first; with a user token only for its admin",
      tag,
      auth: "KU",
      params: idParams,
      query: pageQuerySchema,
      responses: { 200: { description: "A page", schema: muteListSchema } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, query, c }, context) => c.json(await mutes.list(context, params.id, query.limit, query.cursor)),
  );
}

import { banBodySchema, banListSchema, banSchema } from "../protocol/moderation.ts";
import { pageQuerySchema } from "../protocol/primitives.ts";
import * as bans from "../services/bans.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { idParams, memberParams } from "./params.ts";

const tag = "Moderation";
const path = "/v1/channels/{id}/bans/{user_id}";

export function registerBans(api: Api): void {
  endpoint(
    api,
    {
      method: "put",
      path,
      summary: "Remove a user from a group and keep it out",
      tag,
      auth: "KU",
      params: memberParams,
      body: banBodySchema,
      bodyOptional: true,
      responses: { 200: { description: "The ban", schema: banSchema } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER", "CONFLICT"],
    },
    async ({ params, body, c }, context) => c.json(await bans.ban(context, params.id, params.user_id, body)),
  );

  endpoint(
    api,
    {
      method: "delete",
      path,
      summary: "End a ban; the user is not added again by this",
      tag,
      auth: "KU",
      params: memberParams,
      responses: { 204: { description: "The user is not banned" } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER", "CONFLICT"],
    },
    async ({ params, c }, context) => {
      await bans.unban(context, params.id, params.user_id);
      return c.body(null, 204);
    },
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/channels/{id}/bans",
      summary: "Who is banned from a group now, latest first; with a user token only for its admin",
      tag,
      auth: "KU",
      params: idParams,
      query: pageQuerySchema,
      responses: { 200: { description: "A page", schema: banListSchema } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, query, c }, context) => c.json(await bans.list(context, params.id, query.limit, query.cursor)),
  );
}

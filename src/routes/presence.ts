import { presenceListSchema, presenceQuerySchema } from "../protocol/presence.ts";
import * as presence from "../services/presence.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";

export function registerPresence(api: Api): void {
  endpoint(
    api,
    {
      method: "get",
      path: "/v1/presence",
      summary:
        "Who of these users is online, away or offline, and since when; with a user token only who shares a channel with the caller",
      tag: "Presence",
      auth: "KU",
      query: presenceQuerySchema,
      responses: { 200: { description: "The users who were found", schema: presenceListSchema } },
    },
    async ({ query, c }, context) => c.json(await presence.get(context, query.user_ids)),
  );
}

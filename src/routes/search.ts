import { channelSearchQuerySchema, searchPageSchema, searchQuerySchema } from "../protocol/search.ts";
import { search } from "../services/search.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { idParams } from "./params.ts";

const tag = "Search";
const responses = { 200: { description: "A page, best matches first", schema: searchPageSchema } };

export function registerSearch(api: Api): void {
  endpoint(
    api,
    {
      method: "get",
      path: "/v1/channels/{id}/messages/search",
      summary: "Search a channel's messages",
      tag,
      auth: "KU",
      params: idParams,
      query: channelSearchQuerySchema,
      responses,
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, query, c }, context) => c.json(await search(context, query, params.id)),
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/search",
      summary: "Search the messages of all of the caller's channels; with a workspace key those of the workspace",
      tag,
      auth: "KU",
      query: searchQuerySchema,
      responses,
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ query: { channel, ...query }, c }, context) => c.json(await search(context, query, channel)),
  );
}

import { myChannelListSchema, myChannelsQuerySchema, unreadSchema } from "../protocol/channel.ts";
import { userSchema } from "../protocol/user.ts";
import * as me from "../services/me.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";

const tag = "Me";

export function registerMe(api: Api): void {
  endpoint(
    api,
    {
      method: "get",
      path: "/v1/me",
      summary: "The user of the token",
      tag,
      auth: "U",
      responses: { 200: { description: "The user", schema: userSchema } },
    },
    async ({ c }, context) => c.json(await me.get(context)),
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/me/channels",
      summary: "The caller's channels, most recently active first, with last message and unread count",
      tag,
      auth: "U",
      query: myChannelsQuerySchema,
      responses: { 200: { description: "A page", schema: myChannelListSchema } },
    },
    async ({ query, c }, context) =>
      c.json(await me.channels(context, query.hidden === "true", query.limit, query.cursor)),
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/me/unread",
      summary: "Unread messages and mentions, in all and by channel",
      tag,
      auth: "U",
      responses: { 200: { description: "The counts", schema: unreadSchema } },
    },
    async ({ c }, context) => c.json(await me.unread(context)),
  );
}

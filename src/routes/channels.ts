import { channelSchema, createChannelBodySchema, updateChannelBodySchema } from "../protocol/channel.ts";
import * as channels from "../services/channels.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { idParams } from "./params.ts";

const tag = "Channels";

export function registerChannels(api: Api): void {
  endpoint(
    api,
    {
      method: "post",
      path: "/v1/channels",
      summary: "Create a channel, or get the one that the body describes",
      tag,
      auth: "K",
      body: createChannelBodySchema,
      responses: {
        200: { description: "It was there", schema: channelSchema },
        201: { description: "Created", schema: channelSchema },
      },
      errors: ["CONFLICT"],
    },
    async ({ body, c }, context) => {
      const { channel, isNew } = await channels.create(context, body);
      return c.json(channel, isNew ? 201 : 200);
    },
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/channels/{id}",
      summary: "Get a channel",
      tag,
      auth: "KU",
      params: idParams,
      responses: { 200: { description: "The channel", schema: channelSchema } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, c }, context) => c.json(await channels.get(context, params.id)),
  );

  endpoint(
    api,
    {
      method: "patch",
      path: "/v1/channels/{id}",
      summary: "Change a channel's name or picture; with a user token only as an admin of the group",
      tag,
      auth: "KU",
      params: idParams,
      body: updateChannelBodySchema,
      responses: { 200: { description: "The channel", schema: channelSchema } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER", "CONFLICT"],
    },
    async ({ params, body, c }, context) => c.json(await channels.update(context, params.id, body)),
  );

  endpoint(
    api,
    {
      method: "delete",
      path: "/v1/channels/{id}",
      summary: "Delete a channel; its external id is free again",
      tag,
      auth: "K",
      params: idParams,
      responses: { 204: { description: "Deleted, now or before" } },
      errors: ["NOT_FOUND"],
    },
    async ({ params, c }, context) => {
      await channels.remove(context, params.id);
      return c.body(null, 204);
    },
  );
}

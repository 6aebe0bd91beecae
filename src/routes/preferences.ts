import { pushMuteBodySchema, pushMuteSchema } from "../protocol/push.ts";
import * as preferences from "../services/preferences.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { idParams } from "./params.ts";

const tag = "Me";

/** How a user sees its channels: muted, hidden. Nobody else is told. */
export function registerPreferences(api: Api): void {
  const mute = { 200: { description: "The mute as it is now", schema: pushMuteSchema } };

  endpoint(
    api,
    {
      method: "put",
      path: "/v1/me/channels/{id}/mute",
      summary: "Get no pushes of a channel, until a time or for good",
      tag,
      auth: "U",
      params: idParams,
      body: pushMuteBodySchema,
      bodyOptional: true,
      responses: mute,
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, body, c }, context) =>
      c.json(await preferences.muteChannel(context, params.id, { muted: true, until: body.until })),
  );

  endpoint(
    api,
    {
      method: "delete",
      path: "/v1/me/channels/{id}/mute",
      summary: "Get pushes of a channel again",
      tag,
      auth: "U",
      params: idParams,
      responses: mute,
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, c }, context) => c.json(await preferences.muteChannel(context, params.id, { muted: false })),
  );

  for (const method of ["put", "delete"] as const) {
    endpoint(
      api,
      {
        method,
        path: "/v1/me/channels/{id}/hide",
        summary:
          method === "put" ? "Hide a channel from the list until a new message comes" : "Show a hidden channel again",
        tag,
        auth: "U",
        params: idParams,
        responses: { 204: { description: method === "put" ? "Hidden" : "Shown" } },
        errors: ["NOT_FOUND", "NOT_A_MEMBER"],
      },
      async ({ params, c }, context) => {
        await preferences.hideChannel(context, params.id, method === "put");
        return c.body(null, 204);
      },
    );
  }

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/me/push-mute",
      summary: "Whether the caller gets pushes at all",
      tag,
      auth: "U",
      responses: mute,
    },
    async ({ c }, context) => c.json(await preferences.pushMute(context)),
  );

  endpoint(
    api,
    {
      method: "put",
      path: "/v1/me/push-mute",
      summary: "Get no pushes at all, until a time or for good",
      tag,
      auth: "U",
      body: pushMuteBodySchema,
      bodyOptional: true,
      responses: mute,
    },
    async ({ body, c }, context) => c.json(await preferences.mutePushes(context, { muted: true, until: body.until })),
  );

  endpoint(
    api,
    {
      method: "delete",
      path: "/v1/me/push-mute",
      summary: "Get pushes again",
      tag,
      auth: "U",
      responses: mute,
    },
    async ({ c }, context) => c.json(await preferences.mutePushes(context, { muted: false })),
  );
}

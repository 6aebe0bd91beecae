import { exportLineSchema, exportQuerySchema } from "../protocol/export.ts";
import * as exports from "../services/export.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { idParams } from "./params.ts";

const tag = "Privacy";
const responses = {
  200: {
    description:
      "Lines of NDJSON, the last of them `end`; or `more`, with the cursor to go on. Without either the answer was broken off",
    schema: exportLineSchema,
    contentType: "application/x-ndjson",
  },
};
const headers = { "content-type": "application/x-ndjson" };

export function registerExport(api: Api): void {
  endpoint(
    api,
    {
      method: "get",
      path: "/v1/workspace/export",
      summary: "Everything of the workspace, acknowledged before the call, in the form that an import reads",
      tag,
      auth: "K",
      query: exportQuerySchema,
      responses,
    },
    async ({ query, c }, context) => c.body(await exports.ofWorkspace(context, query.cursor), 200, headers),
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/users/{id}/export",
      summary: "Everything of a user: profile, channels, memberships, blocks, devices, messages, reactions",
      tag,
      auth: "K",
      params: idParams,
      query: exportQuerySchema,
      responses,
      errors: ["NOT_FOUND"],
    },
    async ({ params, query, c }, context) =>
      c.body(await exports.ofUser(context, params.id, query.cursor), 200, headers),
  );
}

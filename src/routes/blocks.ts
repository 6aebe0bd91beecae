import * as z from "zod";
import { blockListSchema, blockSchema } from "../protocol/moderation.ts";
import { onDemand } from "../protocol/on-demand.ts";
import { pageQuerySchema } from "../protocol/primitives.ts";
import * as blocks from "../services/blocks.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { memberParams } from "./params.ts";

const tag = "Blocks";
const path = "/v1/me/blocks/{user_id}";
const params = onDemand(() => z.object({ user_id: memberParams().shape.user_id }));

export function registerBlocks(api: Api): void {
  endpoint(
    api,
    {
      method: "get",
      path: "/v1/me/blocks",
      summary: "Whom the caller blocks, newest first",
      tag,
      auth: "U",
      query: pageQuerySchema,
      responses: { 200: { description: "A page", schema: blockListSchema } },
    },
    async ({ query, c }, context) => c.json(await blocks.list(context, query.limit, query.cursor)),
  );

  endpoint(
    api,
    {
      method: "put",
      path,
      summary: "Hide a user's messages from the caller's history and search; not from the live stream",
      tag,
      auth: "U",
      params,
      responses: { 200: { description: "The block", schema: blockSchema } },
      errors: ["NOT_FOUND"],
    },
    async ({ params: { user_id }, c }, context) => c.json(await blocks.block(context, user_id)),
  );

  endpoint(
    api,
    {
      method: "delete",
      path,
      summary: "End a block",
      tag,
      auth: "U",
      params,
      responses: { 204: { description: "The user is not blocked" } },
      errors: ["NOT_FOUND"],
    },
    async ({ params: { user_id }, c }, context) => {
      await blocks.unblock(context, user_id);
      return c.body(null, 204);
    },
  );
}

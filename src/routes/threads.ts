import { historySchema, threadQuerySchema } from "../protocol/message.ts";
import * as threads from "../services/threads.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { messageParams } from "./params.ts";

export function registerThreads(api: Api): void {
  endpoint(
    api,
    {
      method: "get",
      path: "/v1/channels/{id}/messages/{mid}/thread",
      summary: "Replies of the thread under a message, newest first",
      tag: "Threads",
      auth: "KU",
      params: messageParams,
      query: threadQuerySchema,
      responses: { 200: { description: "A page", schema: historySchema } },
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, query, c }, context) => c.json(await threads.list(context, params.id, params.mid, query)),
  );
}

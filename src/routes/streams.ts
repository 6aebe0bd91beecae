import * as z from "zod";
import type { ErrorCode } from "../protocol/errors.ts";
import { changedMessageSchema } from "../protocol/message.ts";
import { onDemand } from "../protocol/on-demand.ts";
import { streamAppendBodySchema, streamFinishBodySchema, streamPlaceSchema } from "../protocol/stream.ts";
import { actorOf } from "../services/context.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { messageParams } from "./params.ts";

const tag = "Streaming";
const path = "/v1/channels/{id}/messages/{mid}/stream";
const errors: ErrorCode[] = ["NOT_FOUND", "NOT_A_MEMBER", "NOT_AUTHOR", "CONFLICT", "MESSAGE_TOO_LARGE"];
const message = { description: "The message as it is now; a repeat answers the same", schema: changedMessageSchema };

const emptyBody = onDemand(() => z.object({}));

/** Writing a message piece by piece. It is opened by a send with `streaming: true`. */
export function registerStreams(api: Api): void {
  endpoint(
    api,
    {
      method: "post",
      path,
      summary: "Add to the text of a message that is being streamed; the piece is durable when the answer comes",
      tag,
      auth: "KU",
      rate: "deferred",
      params: messageParams,
      body: streamAppendBodySchema,
      responses: { 200: { description: "How long the text is now", schema: streamPlaceSchema } },
      errors: [...errors, "RATE_LIMITED"],
    },
    async ({ params, body, c }, { hub, caller }) =>
      c.json(await hub.appendStream({ channel: params.id, messageId: params.mid, actor: actorOf(caller), ...body })),
  );

  endpoint(
    api,
    {
      method: "post",
      path: `${path}/finish`,
      summary: "End a stream with the text so far, or with a text in its place",
      tag,
      auth: "KU",
      params: messageParams,
      body: streamFinishBodySchema,
      bodyOptional: true,
      responses: { 200: message },
      errors: [...errors, "MESSAGE_REJECTED"],
    },
    async ({ params, body, c }, { hub, caller }) => {
      const content = body.content === undefined ? {} : { content: body.content };
      const target = { channel: params.id, messageId: params.mid, actor: actorOf(caller) };
      return c.json(await hub.endStream({ ...target, ...content }));
    },
  );

  endpoint(
    api,
    {
      method: "post",
      path: `${path}/abort`,
      summary: "End a stream as broken off: the text so far stays, `metadata.stream_end` is `aborted`",
      tag,
      auth: "KU",
      params: messageParams,
      body: emptyBody,
      bodyOptional: true,
      responses: { 200: message },
      errors,
    },
    async ({ params, c }, { hub, caller }) => {
      const target = { channel: params.id, messageId: params.mid, actor: actorOf(caller) };
      return c.json(await hub.endStream({ ...target, aborted: true }));
    },
  );
}

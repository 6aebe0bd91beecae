import * as z from "zod";
import { onDemand } from "./on-demand.ts";
import { isStorableText, refSchema, uuidSchema } from "./primitives.ts";

const textSchema = z.string().refine(isStorableText, { error: "must not contain NUL or lone surrogate characters" });

/** Why a stream ended without its author's finish; kept in the message's metadata under this key. */
export const STREAM_END_KEY = "stream_end";
export const streamEndSchema = z.enum(["aborted", "abandoned", "author_left", "rejected"]);
export type StreamEnd = z.infer<typeof streamEndSchema>;

/**
 * A piece of a message's text. `offset` is where it begins, in UTF-16 code units (the length of a JavaScript string): the
 * `length` of the last answer. A piece that is there already is no change; one that leaves a hole, or says
 * something else than what is there, is a CONFLICT whose detail `length` names the present length.
 */
export const streamAppendBodySchema = onDemand(() =>
  z
    .object({
      offset: z.number().int().min(0),
      delta: textSchema.refine((text) => text !== "", { error: "must not be empty" }),
    })
    .meta({ id: "StreamAppend" }),
);
export type StreamAppendBody = z.infer<ReturnType<typeof streamAppendBodySchema>>;

export const streamFinishBodySchema = onDemand(() =>
  z
    .object({
      /** In place of the text that was streamed. */
      content: textSchema.optional(),
    })
    .meta({ id: "StreamFinish" }),
);
export type StreamFinishBody = z.infer<ReturnType<typeof streamFinishBodySchema>>;

/** How much of the text is kept: the next piece's offset. */
export const streamPlaceSchema = onDemand(() =>
  z.object({ message_id: uuidSchema, length: z.number().int() }).meta({ id: "StreamPlace" }),
);
export type StreamPlace = z.infer<ReturnType<typeof streamPlaceSchema>>;

export const streamIds = { channel_id: refSchema, message_id: uuidSchema };

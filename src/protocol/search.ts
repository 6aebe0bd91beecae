import * as z from "zod";
import { messageSchema } from "./message.ts";
import { onDemand } from "./on-demand.ts";
import { cursorSchema, limitSchema, refSchema, storableText, timeSchema } from "./primitives.ts";

/** How words are compared: exactly, or by their English or Indonesian stem. */
export const searchLanguageSchema = z.enum(["simple", "english", "indonesian"]);
export type SearchLanguage = z.infer<typeof searchLanguageSchema>;

/** What a search in one channel takes. Times are RFC 3339 with any offset. */
export const channelSearchQuerySchema = onDemand(() =>
  z.object({
    q: storableText(1, 500).describe('Words that must all occur; "a phrase"; a or b; -without'),
    language: searchLanguageSchema.default("simple"),
    author: refSchema.optional().describe("Internal or external id of a user"),
    from: z.iso.datetime({ offset: true }).optional().describe("Only messages of this time or later"),
    to: z.iso.datetime({ offset: true }).optional().describe("Only messages before this time"),
    has_attachment: z.enum(["true", "false"]).optional(),
    limit: limitSchema,
    cursor: cursorSchema.optional(),
  }),
);
export type ChannelSearchQuery = z.infer<ReturnType<typeof channelSearchQuerySchema>>;

export const searchQuerySchema = onDemand(() =>
  channelSearchQuerySchema().extend({
    channel: refSchema.optional().describe("Internal or external id of a channel"),
  }),
);

/** A piece of a message around words that were looked for. */
export const highlightSchema = onDemand(() =>
  z
    .object({
      /** Plain text; what was markup in the message may be left out. */
      text: z.string(),
      /** Where the words are in it: UTF-16 code units from `start` up to, not including, `end`. */
      ranges: z.array(z.object({ start: z.number().int(), end: z.number().int() })),
    })
    .meta({ id: "Highlight" }),
);
export type Highlight = z.infer<ReturnType<typeof highlightSchema>>;

export const searchResultSchema = onDemand(() =>
  z
    .object({
      message: messageSchema(),
      /** Higher is better; comparable within one search only. */
      rank: z.number(),
      highlights: z.array(highlightSchema()),
    })
    .meta({ id: "SearchResult" }),
);
export type SearchResult = z.infer<ReturnType<typeof searchResultSchema>>;

export const searchPageSchema = onDemand(() =>
  z
    .object({
      /** Best first, of the same rank newest first. */
      results: z.array(searchResultSchema()),
      has_more: z.boolean(),
      next_cursor: z.string().nullable(),
    })
    .meta({ id: "SearchPage" }),
);
export type SearchPage = z.infer<ReturnType<typeof searchPageSchema>>;

/** A place in the results: rank, time and id of the last one seen. */
export const searchPlaceSchema = z.tuple([z.number(), timeSchema, z.uuid()]);

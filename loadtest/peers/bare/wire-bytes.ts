import type { Message } from "../../../src/protocol/message.ts";

const ID = "01900000-0000-7000-8000-000000000000";

/** A message of the long channel that Kabar's history is read from. */
const message: Message = {
  id: ID,
  channel_id: ID,
  channel_external_id: "load-history-100000",
  seq: 50_000,
  user: { id: ID, external_id: "load-reader-00100", name: "load-reader-00100", avatar_url: null },
  user_id: ID,
  content: "x".repeat(98),
  type: "text",
  attachment_url: null,
  attachment: null,
  created_at: "2024-01-01T00:00:00.000Z",
  edited_at: null,
  deleted_at: null,
  parent_id: null,
  mentions: [],
  reactions: [],
  metadata: {},
  thread_root_id: null,
  reply_count: 0,
  last_repliers: [],
  pinned_at: null,
  streaming: false,
};
const json = JSON.stringify(message);
/** What the bare object puts around a content itself. */
const around = { seq: message.seq, content: "", created_at: Date.parse(message.created_at) };
const event = { type: "message.created", data: { message: {}, cursor: "0123456789abcdef-1z4" } };

/** Bytes of a content with which the bare object's JSON of a message is as long as Kabar's. */
export const WIRE_CONTENT_BYTES = json.length - JSON.stringify(around).length;
/** Bytes by which Kabar's frame of a message is longer than the content. */
export const WIRE_PADDING_BYTES = json.length - message.content.length + JSON.stringify(event).length - "{}".length;

import type { History, Message } from "../protocol/message.ts";

/** A place in the workspace's journal. Places of one epoch are in order. */
export interface Place {
  epoch: string;
  seq: number;
}

/** The place that an event's cursor, or a page's `as_of`, stands for. */
export function placeOf(cursor: string | undefined): Place | undefined {
  const match = /^(\w+)-(\w+)$/.exec(cursor ?? "");
  return match?.[1] && match[2] ? { epoch: match[1], seq: Number.parseInt(match[2], 36) } : undefined;
}

const places = new WeakMap<Message, Place>();

/** Notes of which moment a page's messages are. */
export function stamp(page: History): History {
  const place = placeOf(page.as_of);
  if (place) for (const message of page.messages) places.set(message, place);
  return page;
}

/** Of which moment a message is; undefined for one that is as it was when it was sent. */
export function stampOf(message: Message): Place | undefined {
  return places.get(message);
}

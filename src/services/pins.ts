import { listPinned } from "../data/pins.ts";
import { pinCursor } from "../domain/page-cursor.ts";
import type { Message } from "../protocol/message.ts";
import { requireChannel } from "./channels.ts";
import { type ServiceContext, userIdOf } from "./context.ts";
import { withLiveText } from "./live-text.ts";
import { requireSettled } from "./settled.ts";

/** Pinned messages of a channel, last pinned first; contains everything acknowledged before the call. */
export async function list(context: ServiceContext, ref: string, limit: number, cursor: string | undefined) {
  const after = cursor === undefined ? undefined : pinCursor.decode(cursor, "cursor");
  const [{ channel }] = await Promise.all([
    requireChannel(context, ref, "messages.read"),
    requireSettled(context, { channel: ref }),
  ]);
  const found = await listPinned(context.db, channel.id, userIdOf(context.caller), limit + 1, after);
  const messages: Message[] = found.slice(0, limit);
  const last = messages.at(-1);
  const hasMore = found.length > limit && last?.pinned_at != null;
  return {
    messages: await withLiveText(context, messages),
    has_more: hasMore,
    next_cursor: hasMore && last.pinned_at !== null ? pinCursor.encode([last.pinned_at, last.seq]) : null,
  };
}

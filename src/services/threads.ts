import { invalid } from "../domain/api-error.ts";
import { historyCursor } from "../domain/page-cursor.ts";
import type { History } from "../protocol/message.ts";
import type { ServiceContext } from "./context.ts";
import { userIdOf } from "./context.ts";
import { asOf, message, settledRead } from "./history.ts";
import { withLiveText } from "./live-text.ts";

/** Replies of the thread under a message, newest first; contains everything acknowledged before the call. */
export async function list(
  context: ServiceContext,
  channel: string,
  rootId: string,
  query: { limit: number; before?: string | undefined },
): Promise<History> {
  const root = await message(context, channel, rootId);
  if (root.thread_root_id !== null) throw invalid("mid", "is a reply itself: threads do not nest");
  const before = query.before === undefined ? undefined : historyCursor.decode(query.before, "before")[0];
  const found = await settledRead(context, {
    workspaceId: context.caller.workspaceId,
    channel,
    userId: userIdOf(context.caller),
    limit: query.limit,
    before,
    threadRootId: rootId,
  });
  const { messages, hasMore } = found;
  const oldest = messages.at(-1);
  const cursor = hasMore && oldest !== undefined ? historyCursor.encode([oldest.seq]) : null;
  return {
    messages: await withLiveText(context, messages),
    has_more: cursor !== null,
    next_cursor: cursor,
    ...asOf(found),
  };
}

import { invalid } from "../domain/api-error.ts";
import { historyCursor } from "../domain/page-cursor.ts";
import type { History } from "../protocol/message.ts";
import type { ServiceContext } from "./context.ts";
import { userIdOf } from "./context.ts";
import { message, settledRead } from "./history.ts";

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
  const { messages, hasMore } = await settledRead(context, {
    workspaceId: context.caller.workspaceId,
    channel,
    userId: userIdOf(context.caller),
    limit: query.limit,
    before,
    threadRootId: rootId,
  });
  const oldest = messages.at(-1);
  const cursor = hasMore && oldest !== undefined ? historyCursor.encode([oldest.seq]) : null;
  return { messages, has_more: cursor !== null, next_cursor: cursor };
}

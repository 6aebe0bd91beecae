import type { Mention } from "../../src/protocol/message.ts";
import type { ChannelState, Directory } from "./directory.ts";

/** The members whom a message names by internal or external id, each once; undefined where one of them is no member. */
export function readMentions(
  directory: Directory,
  channel: ChannelState,
  refs: readonly string[],
): Mention[] | undefined {
  const mentions = new Map<string, Mention>();
  for (const ref of refs) {
    const id = directory.userId(ref);
    const user = id === undefined ? undefined : directory.user(id);
    if (id === undefined || !channel.members.has(id) || !user?.external_id) return undefined;
    mentions.set(id, { user_id: id, external_id: user.external_id, name: user.name });
  }
  return [...mentions.values()];
}

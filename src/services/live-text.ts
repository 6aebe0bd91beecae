import { ApiError } from "../domain/api-error.ts";
import type { Message } from "../protocol/message.ts";
import type { ServiceContext } from "./context.ts";

/**
 * Messages out of Postgres with the text of those that are being streamed as it is now: Postgres has their beginning only. Without any
 * of those, which is nearly always, nothing is asked. Where the hub cannot tell, they stay as they are.
 */
export async function withLiveText(context: Pick<ServiceContext, "hub">, messages: Message[]): Promise<Message[]> {
  const open = messages.filter((message) => message.streaming);
  if (open.length === 0) return messages;
  const refs = open.map((message) => ({ channelId: message.channel_id, messageId: message.id }));
  const current = await context.hub.currentMessages(refs).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === "UPSTREAM_UNAVAILABLE") return [];
    throw error;
  });
  const byId = new Map(current.map((message) => [message.id, message]));
  return messages.map((message) => ({ ...message, ...byId.get(message.id) }));
}

/** The same for the newest message of each channel of a list. */
export async function withLiveLast<Listed extends { last_message: Message | null }>(
  context: Pick<ServiceContext, "hub">,
  channels: Listed[],
): Promise<Listed[]> {
  const live = await withLiveText(
    context,
    channels.flatMap(({ last_message: last }) => last ?? []),
  );
  const byId = new Map(live.map((message) => [message.id, message]));
  return channels.map((channel) => ({ ...channel, last_message: byId.get(channel.last_message?.id ?? "") ?? null }));
}

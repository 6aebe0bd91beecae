import { type KabarClient, KabarError } from "../sdk/index.ts";
import type { Conversation } from "./conversation.ts";
import { explain } from "./explain.ts";

/**
 * Uploads a draft's file, sends its message, and notes the outcome in the conversation; `changed` is called at each
 * step. The draft's key is the idempotency key, so that a second try of a message that did arrive adds nothing.
 */
export async function deliver(
  client: KabarClient,
  conversation: Conversation,
  channelId: string,
  key: string,
  changed: () => void,
): Promise<void> {
  const draft = conversation.draft(key);
  if (!draft) return;
  conversation.markDraft(key, "sending");
  changed();
  try {
    const { picked } = draft;
    const { width, height } = picked ?? {};
    const attached = picked && (await client.upload(picked.file, { filename: picked.file.name, width, height }));
    const message = { content: draft.content, idempotency_key: key, ...attached };
    conversation.store(await client.channel(channelId).send(message), key);
  } catch (error) {
    const retryable = error instanceof KabarError && (error.retryable || error.code === "UPLOAD_FAILED");
    conversation.markDraft(key, "failed", { text: explain(error, draft.picked !== undefined), retryable });
  }
  changed();
}

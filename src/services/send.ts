import { v7 as uuidv7 } from "uuid";
import type { Caller } from "../domain/access.ts";
import { invalid } from "../domain/api-error.ts";
import type { SendCommand, SendOutcome } from "../domain/hub-contract.ts";
import type { SendMessageBody } from "../protocol/message.ts";
import type { ServiceContext } from "./context.ts";

/**
 * Sends a message through the hub, which checks membership, size and rate and answers when it is durable. No Postgres, no Redis.
 * `headerKey` is the `Idempotency-Key` header. Without any key the call still gets one, so that it can be repeated on the way.
 */
export async function send(
  context: ServiceContext,
  channel: string,
  { user_id, ...body }: SendMessageBody,
  headerKey: string | undefined,
): Promise<SendOutcome> {
  if (headerKey !== undefined && body.idempotency_key !== undefined && headerKey !== body.idempotency_key) {
    throw invalid("idempotency_key", "differs from the Idempotency-Key header");
  }
  const givenKey = body.idempotency_key ?? headerKey;
  const outcome = await context.hub.sendMessage({
    channel,
    sender: senderOf(context.caller, user_id, body.type),
    body: { ...body, idempotency_key: givenKey ?? uuidv7() },
  });
  if (givenKey !== undefined) return outcome;
  const { client_id: _ours, ...message } = outcome.message;
  return { ...outcome, message };
}

function senderOf(caller: Caller, userRef: string | undefined, type: SendMessageBody["type"]): SendCommand["sender"] {
  if (caller.kind === "user") {
    if (type === "system") throw invalid("type", "system needs a workspace key");
    return { userId: caller.userId };
  }
  if (userRef !== undefined) return { userRef };
  if (type === "system") return { system: true };
  throw invalid("user_id", "is required with a workspace key, except for system messages");
}

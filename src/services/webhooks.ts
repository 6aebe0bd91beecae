import { v7 as uuidv7 } from "uuid";
import { createWebhook, deleteWebhook, listWebhooks, updateWebhook } from "../data/webhooks.ts";
import type { WorkspaceCaller } from "../domain/access.ts";
import { ApiError, invalid, notFound } from "../domain/api-error.ts";
import { deliveryCursor, webhookCursor } from "../domain/page-cursor.ts";
import { refusalOfTarget } from "../domain/webhook-target.ts";
import { generateHookSecret } from "../platform/hook-signature.ts";
import { LIMITS } from "../protocol/limits.ts";
import type {
  CreatedWebhook,
  CreateWebhookBody,
  DeliveryStatus,
  UpdateWebhookBody,
  Webhook,
  WebhookDelivery,
  WebhookEvent,
} from "../protocol/webhook.ts";
import type { ServiceContext } from "./context.ts";

type Context = ServiceContext<WorkspaceCaller>;

/** Creates a webhook, or returns the one with this URL and these events. `isNew` tells which. */
export async function create(
  context: Context,
  { url, events }: CreateWebhookBody,
): Promise<{ webhook: CreatedWebhook; isNew: boolean }> {
  checkUrl(context, url);
  const wanted = { freshId: uuidv7(), url, events: canonical(events), secret: generateHookSecret() };
  const { value, snapshot } = await createWebhook(context.db, context.caller.workspaceId, wanted);
  if (value === undefined) {
    throw new ApiError("CONFLICT", `a workspace has at most ${LIMITS.webhooksPerWorkspace} webhooks`);
  }
  // Also where nothing changed: the call before may have failed between Postgres and the hub.
  await context.hub.applyWebhooks(snapshot);
  return value;
}

export async function list(context: Context, limit: number, cursor: string | undefined) {
  const after = cursor === undefined ? undefined : webhookCursor.decode(cursor, "cursor")[0];
  const found = await listWebhooks(context.db, context.caller.workspaceId, limit + 1, after);
  const webhooks = found.slice(0, limit);
  const last = webhooks.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  return { webhooks, has_more: hasMore, next_cursor: hasMore ? webhookCursor.encode([last.id]) : null };
}

export async function update(context: Context, id: string, { events, ...rest }: UpdateWebhookBody): Promise<Webhook> {
  if (rest.url !== undefined) checkUrl(context, rest.url);
  const body = events === undefined ? rest : { ...rest, events: canonical(events) };
  const { value, snapshot } = await updateWebhook(context.db, context.caller.workspaceId, id, body);
  await context.hub.applyWebhooks(snapshot);
  if (value === undefined) throw notFound("webhook");
  return value;
}

/** Deletes a webhook with its deliveries. A repeat finds none (404), and makes sure that the hub knows. */
export async function remove(context: Context, id: string): Promise<void> {
  const { value, snapshot } = await deleteWebhook(context.db, context.caller.workspaceId, id);
  await context.hub.applyWebhooks(snapshot);
  if (!value) throw notFound("webhook");
}

/** Deliveries of a webhook, newest first. */
export async function deliveries(
  context: Context,
  webhookId: string,
  { limit, cursor, status }: { limit: number; cursor?: string | undefined; status?: DeliveryStatus | undefined },
) {
  const before = cursor === undefined ? undefined : deliveryCursor.decode(cursor, "cursor")[0];
  const found = await context.hub.webhookDeliveries({
    webhookId,
    limit: limit + 1,
    ...(before === undefined ? {} : { before }),
    ...(status === undefined ? {} : { status }),
  });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  return {
    deliveries: page.map(({ delivery }): WebhookDelivery => delivery),
    has_more: hasMore,
    next_cursor: hasMore ? deliveryCursor.encode([last.number]) : null,
  };
}

/** In a fixed order and each once, so that two calls for the same events are told to be the same. */
function canonical(events: readonly WebhookEvent[]): WebhookEvent[] {
  return [...new Set(events)].sort();
}

function checkUrl({ settings }: Context, url: string): void {
  const refusal = refusalOfTarget(url, settings.allowPrivateTargets);
  if (refusal !== undefined) throw invalid("url", refusal);
}

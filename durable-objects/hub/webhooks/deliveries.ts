import type { DeliveryQuery, HubError, HubResult, NumberedDelivery } from "../../../src/domain/hub-contract.ts";
import { TEST_EVENT, type WebhookDelivery } from "../../../src/protocol/webhook.ts";
import type { Journal } from "../journal.ts";
import type { HubRuntime } from "../storage.ts";
import type { LogRow } from "./delivery-log.ts";
import { TEST_LANE } from "./dispatcher.ts";
import type { OutboxRow } from "./outbox.ts";
import type { Webhooks } from "./webhooks.ts";

export interface DeliveriesParts {
  webhooks: Webhooks;
  journal: Journal;
  runtime: HubRuntime;
}

/** What the workspace's server asks of the deliveries of its webhooks. */
export class Deliveries {
  readonly #parts: DeliveriesParts;

  constructor(parts: DeliveriesParts) {
    this.#parts = parts;
  }

  /** Newest first. Throws where the hub does not know the webhook and Postgres does not answer. */
  async list({ webhookId, status, before, limit }: DeliveryQuery): Promise<HubResult<NumberedDelivery[]>> {
    if (!(await this.#knows(webhookId))) return refuse("NOT_FOUND", "webhook not found");
    const { outbox, log } = this.#parts.webhooks;
    const below = before ?? Number.MAX_SAFE_INTEGER;
    const pending = status === undefined || status === "pending" ? outbox.list(webhookId, below, limit) : [];
    const delivered = status === undefined ? undefined : status === "delivered";
    const ended = status === "pending" ? [] : log.list(webhookId, below, limit, delivered);
    const rows = [...pending, ...ended].sort((one, other) => other.number - one.number).slice(0, limit);
    return { ok: true, value: rows.map((row) => ({ number: row.number, delivery: wireDelivery(row) })) };
  }

  /** Queues a test event; while one is under way it is that one. */
  async test(webhookId: string): Promise<HubResult<WebhookDelivery>> {
    if (!(await this.#knows(webhookId))) return refuse("NOT_FOUND", "webhook not found");
    const { webhooks, runtime } = this.#parts;
    const head = webhooks.outbox.heads(webhookId).get(TEST_LANE);
    const waiting = head === undefined ? undefined : webhooks.outbox.get(webhookId, TEST_LANE, head.number);
    if (waiting !== undefined) return { ok: true, value: wireDelivery(waiting) };
    const row = webhooks.intake.rowFor(webhookId, {
      eventId: webhooks.intake.eventId(),
      event: TEST_EVENT,
      lane: TEST_LANE,
      seq: null,
      part: null,
      data: JSON.stringify({ webhook_id: webhookId }),
      at: runtime.now(),
    });
    webhooks.queue([row]);
    return { ok: true, value: wireDelivery(row) };
  }

  /** Sends again, under the same event id, what has ended; brings forward what is pending. */
  async redeliver(webhookId: string, number: number): Promise<HubResult<WebhookDelivery>> {
    if (!(await this.#knows(webhookId))) return refuse("NOT_FOUND", "webhook not found");
    const { webhooks, journal, runtime } = this.#parts;
    const { outbox, log, registry } = webhooks;
    const now = runtime.now();
    const pending = outbox.find(webhookId, number);
    if (pending !== undefined) {
      const head = outbox.heads(webhookId).get(pending.lane);
      const isBusy = head?.busy === true && head.number === number;
      const due = { ...pending, nextAt: Math.min(pending.nextAt, now) };
      if (!isBusy && due.nextAt < pending.nextAt) {
        outbox.reschedule(due);
        webhooks.queue([]);
      }
      return { ok: true, value: wireDelivery(due) };
    }
    const ended = log.find(webhookId, number);
    if (ended === undefined) return refuse("NOT_FOUND", "delivery not found");
    if (ended.lane !== TEST_LANE && !registry.isEnabled(webhookId)) {
      return refuse("CONFLICT", "unable to deliver again; because the webhook is disabled");
    }
    if (ended.seq !== null && journal.at(ended.seq) === undefined) {
      return refuse("NOT_FOUND", "the event of this delivery is no longer kept");
    }
    const { delivered: _delivered, endedAt: _endedAt, ...row } = ended;
    const again: OutboxRow = { ...row, attempts: 0, nextAt: now };
    webhooks.queue([again], () => log.remove(webhookId, number));
    return { ok: true, value: wireDelivery(again) };
  }

  async #knows(webhookId: string): Promise<boolean> {
    const { webhooks } = this.#parts;
    if (webhooks.registry.get(webhookId) === undefined) await webhooks.pull();
    return webhooks.registry.get(webhookId) !== undefined;
  }
}

function wireDelivery(row: OutboxRow | LogRow): WebhookDelivery {
  const ended = "delivered" in row;
  return {
    id: `dlv_${row.number}`,
    webhook_id: row.webhookId,
    event_id: row.eventId,
    event: row.event,
    status: !ended ? "pending" : row.delivered === 1 ? "delivered" : "failed",
    attempts: row.attempts,
    created_at: wireTime(row.at),
    last_attempt_at: row.lastAt === null ? null : wireTime(row.lastAt),
    next_attempt_at: ended ? null : wireTime(row.nextAt),
    response_status: row.response,
    error: row.error,
  };
}

function wireTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

function refuse(code: HubError["code"], message: string): { ok: false; error: HubError } {
  return { ok: false, error: { code, message } };
}

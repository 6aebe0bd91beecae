import type { WebhookConfig } from "../../../src/domain/hub-contract.ts";
import type { HookSender } from "../../../src/domain/hub-ports.ts";
import { type AttemptResult, DELIVERY_TIMEOUT_MS, judgeAttempt } from "../../../src/domain/webhook-policy.ts";
import type { HubRuntime, HubSql } from "../storage.ts";
import type { DeliveryLog } from "./delivery-log.ts";
import type { Head, Outbox, OutboxRow } from "./outbox.ts";
import type { WebhookRegistry } from "./registry.ts";

/** Requests at a time: a Worker has six connections, and Postgres, Redis and the before-send hook need some. */
const MAX_IN_FLIGHT = 4;
/** Of one webhook: a slow receiver leaves a place to the others. */
const MAX_PER_WEBHOOK = 3;
/** Attempts of one run; the next alarm goes on, since the number of requests per event of an object is limited. */
const MAX_PER_RUN = 500;
/** Milliseconds after which an alarm looks whether the requests under way are still there: longer than they can last. */
const GUARD_MS = 15_000;

/** The lane of test events: one attempt, also to a disabled webhook, and no failure counts. */
export const TEST_LANE = "test";

export interface DispatcherParts {
  sql: HubSql;
  registry: WebhookRegistry;
  outbox: Outbox;
  log: DeliveryLog;
  runtime: HubRuntime;
  sender: HookSender;
  workspaceId: string;
  /** Undefined where what it tells of is not there any more. */
  payload(row: OutboxRow): unknown;
  /** A row went to the log. */
  onEnded(endedAt: number, delivered: boolean): void;
  /** Too many failures: the webhook is disabled. */
  onGivenUp(webhookId: string): void;
  /** Asks for the hub's alarm to be set anew. */
  onSchedule(): void;
}

/** Sends what is due: the first of each lane, a few at a time, in turns among the webhooks. Nothing waits for it. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #busy = new Map<string, number>();
  readonly #idle = new Set<() => void>();
  #inFlight = 0;
  #allowance = 0;
  #turn = 0;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Starts sending what is due. */
  start(): void {
    this.#allowance = MAX_PER_RUN;
    this.#pump();
  }

  /** Resolves when no request is under way. */
  idle(): Promise<void> {
    return this.#inFlight === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.add(resolve));
  }

  /** Unix milliseconds at which an alarm must look again; undefined where nothing waits. */
  nextAttempt(now: number): number | undefined {
    const { registry, outbox } = this.#parts;
    const times: number[] = this.#inFlight > 0 ? [now + GUARD_MS] : [];
    for (const id of registry.ids) {
      for (const [lane, head] of outbox.heads(id)) {
        if (head.busy || !this.#mayRun(id, lane)) continue;
        // What is due while others are under way follows them by itself.
        if (head.nextAt > now || this.#inFlight === 0) times.push(head.nextAt);
      }
    }
    return times.length === 0 ? undefined : times.reduce((earliest, time) => Math.min(earliest, time));
  }

  #pump(): void {
    while (this.#inFlight < MAX_IN_FLIGHT && this.#allowance > 0) {
      const next = this.#next(this.#parts.runtime.now());
      if (next === undefined) return;
      this.#allowance--;
      void this.#attempt(next.config, next.lane, next.head);
    }
  }

  #next(now: number): { config: WebhookConfig; lane: string; head: Head } | undefined {
    const { registry, outbox } = this.#parts;
    const { ids } = registry;
    for (let step = 0; step < ids.length; step++) {
      const id = ids[(this.#turn + step) % ids.length] ?? "";
      const config = registry.get(id);
      if (config === undefined || (this.#busy.get(id) ?? 0) >= MAX_PER_WEBHOOK) continue;
      let found: { lane: string; head: Head } | undefined;
      for (const [lane, head] of outbox.heads(id)) {
        if (head.busy || head.nextAt > now || !this.#mayRun(id, lane)) continue;
        if (found === undefined || head.number < found.head.number) found = { lane, head };
      }
      if (found === undefined) continue;
      this.#turn = (this.#turn + step + 1) % ids.length;
      return { config, ...found };
    }
    return undefined;
  }

  #mayRun(webhookId: string, lane: string): boolean {
    return lane === TEST_LANE || this.#parts.registry.isEnabled(webhookId);
  }

  async #attempt(config: WebhookConfig, lane: string, head: Head): Promise<void> {
    const { outbox, runtime } = this.#parts;
    const { id } = config;
    head.busy = true;
    this.#inFlight++;
    this.#busy.set(id, (this.#busy.get(id) ?? 0) + 1);
    try {
      const row = outbox.get(id, lane, head.number);
      const result = row === undefined ? undefined : await this.#send(config, row);
      head.busy = false;
      if (result === undefined) outbox.refresh(id, lane);
      else this.#settle(id, lane, head.number, result);
    } catch (error) {
      // What is stored is still as it was; the alarm tries it again.
      runtime.log("error", "webhook.attempt_failed", { webhook_id: id, error: String(error) });
      head.busy = false;
      head.nextAt = runtime.now() + GUARD_MS;
    } finally {
      this.#inFlight--;
      this.#busy.set(id, (this.#busy.get(id) ?? 1) - 1);
    }
    this.#pump();
    if (this.#inFlight > 0) return;
    this.#parts.onSchedule();
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  async #send(config: WebhookConfig, row: OutboxRow): Promise<AttemptResult> {
    const { runtime, sender, workspaceId, payload } = this.#parts;
    const data = payload(row);
    if (data === undefined) return { error: "the event is no longer kept", final: true };
    const envelope = {
      event_id: row.eventId,
      event: row.event,
      workspace_id: workspaceId,
      created_at: new Date(row.at).toISOString(),
      data,
    };
    return sender.send({
      url: config.url,
      secret: config.secret,
      eventId: row.eventId,
      event: row.event,
      body: JSON.stringify(envelope),
      at: runtime.now(),
      timeoutMs: DELIVERY_TIMEOUT_MS,
    });
  }

  #settle(id: string, lane: string, number: number, result: AttemptResult): void {
    const { outbox, registry, runtime, onGivenUp, onSchedule } = this.#parts;
    const row = outbox.get(id, lane, number);
    // The webhook may have been deleted meanwhile.
    if (row === undefined) {
      outbox.refresh(id, lane);
      return;
    }
    const now = runtime.now();
    const verdict = judgeAttempt(result, row.attempts + 1);
    const tried: OutboxRow = {
      ...row,
      attempts: row.attempts + 1,
      lastAt: now,
      response: "status" in result ? result.status : null,
      error: verdict.outcome === "delivered" ? null : verdict.error,
    };
    if (verdict.outcome === "retry" && lane !== TEST_LANE && registry.isEnabled(id)) {
      outbox.reschedule({ ...tried, nextAt: now + verdict.delayMs });
      onSchedule();
      return;
    }
    const delivered = verdict.outcome === "delivered";
    this.#end(tried, delivered, now);
    if (lane === TEST_LANE) return;
    if (delivered) registry.succeeded(id);
    else if (registry.failed(id)) onGivenUp(id);
  }

  #end(row: OutboxRow, delivered: boolean, now: number): void {
    const { sql, outbox, log, onEnded } = this.#parts;
    sql.transaction(() => {
      outbox.remove(row);
      log.add(row, delivered, now);
      onEnded(now, delivered);
    });
  }
}

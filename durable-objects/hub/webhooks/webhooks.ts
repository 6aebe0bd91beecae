import type { WebhookSnapshot } from "../../../src/domain/hub-contract.ts";
import type { HookSender, WebhookSource } from "../../../src/domain/hub-ports.ts";
import { DEAD_LETTER_MS, DELIVERED_MS } from "../../../src/domain/webhook-policy.ts";
import type { User } from "../../../src/protocol/user.ts";
import type { WebhookEvent } from "../../../src/protocol/webhook.ts";
import type { JournalConsumer } from "../consumer.ts";
import type { Directory } from "../directory.ts";
import type { Journal } from "../journal.ts";
import type { JournalEvent } from "../journal-rows.ts";
import type { HubRuntime, HubSql } from "../storage.ts";
import { DeliveryLog } from "./delivery-log.ts";
import { Dispatcher, TEST_LANE } from "./dispatcher.ts";
import { Intake } from "./intake.ts";
import { concernsWebhooks } from "./occurrences.ts";
import { Outbox, type OutboxRow } from "./outbox.ts";
import { payloadOf } from "./payload.ts";
import { WebhookRegistry } from "./registry.ts";
import { WebhookState } from "./state.ts";

export interface WebhooksParts {
  sql: HubSql;
  runtime: HubRuntime;
  journal: Journal;
  directory: Directory;
  sender: HookSender;
  source: WebhookSource;
  workspaceId: string;
  /** Asks for the hub's alarm to be set anew. */
  onSchedule(): void;
}

/** Events gather this long, so that a busy moment is one transaction. */
const GATHER_MS = 20;
/** While the workspace is used, its configuration is read again this often: a call from the Worker may have been lost. */
const FRESH_MS = 60_000;
const PULL_DELAY_MS = 200;
const REPORT_RETRY_MS = 60_000;
/** How long an announced user is remembered: longer than the Worker repeats announcements. */
const ANNOUNCED_MS = 25 * 3_600_000;
/** The log is cleared at most once in this time. */
const CLEAR_STEP_MS = 3_600_000;

/**
 * Tells customers' servers of what happens: a consumer of the journal with its own place in it. Events become rows of an
 * outbox, from which the dispatcher sends them at least once and in order per channel; Postgres is needed for neither.
 */
export class Webhooks implements JournalConsumer {
  readonly name = "webhooks";
  readonly registry: WebhookRegistry;
  readonly outbox: Outbox;
  readonly log: DeliveryLog;
  readonly intake: Intake;
  readonly #parts: WebhooksParts;
  readonly #state: WebhookState;
  readonly #dispatcher: Dispatcher;
  #dirtySince: number | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #reporting = false;
  #reportAt: number | undefined;

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
    const { sql, runtime, journal, directory, sender, workspaceId, onSchedule } = parts;
    this.registry = new WebhookRegistry(sql);
    this.outbox = new Outbox(sql);
    this.log = new DeliveryLog(sql);
    this.#state = new WebhookState(sql);
    const { registry, outbox, log } = this;
    const state = this.#state;
    this.intake = new Intake({ sql, runtime, journal, registry, outbox, state });
    this.#state.place = this.registry.anyEnabled ? Math.min(this.#state.place, journal.head) : journal.head;
    if (this.#state.place < journal.head) this.#dirtySince = runtime.now();
    if (this.registry.unreported.length > 0) this.#reportAt = runtime.now();
    this.#dispatcher = new Dispatcher({
      sql,
      registry,
      outbox,
      log,
      runtime,
      sender,
      workspaceId,
      payload: (row) => payloadOf(row, journal, directory),
      onEnded: (endedAt, delivered) => this.#keepUntil(endedAt + (delivered ? DELIVERED_MS : DEAD_LETTER_MS)),
      onGivenUp: (webhookId) => this.#givenUp(webhookId),
      onSchedule,
    });
  }

  appended(event: JournalEvent): void {
    const { runtime, onSchedule } = this.#parts;
    const now = runtime.now();
    if (now - this.#checkedAt >= FRESH_MS) {
      this.#checkedAt = now;
      runtime.defer(PULL_DELAY_MS, () => void this.pull().catch(() => undefined));
    }
    if (!this.registry.anyEnabled || !concernsWebhooks(event) || this.#dirtySince !== undefined) return;
    this.#dirtySince = now;
    // The alarm does it where the object ends before the timer.
    onSchedule();
    runtime.defer(GATHER_MS, () => void this.run());
  }

  nextAttempt(now: number): number | undefined {
    const times = [
      // While the object lives its timer is faster than this.
      this.#dirtySince === undefined ? undefined : this.#dirtySince + 1_000,
      this.#dispatcher.nextAttempt(now),
      this.#state.clearAt,
      this.#reporting ? undefined : this.#reportAt,
    ].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Starts what is due and does not wait for its end: receivers may take seconds. */
  async run(): Promise<void> {
    const { runtime } = this.#parts;
    try {
      this.#catchUp();
      this.#clear(runtime.now());
      this.#dispatcher.start();
      if (this.#reportAt !== undefined && this.#reportAt <= runtime.now()) void this.#report();
    } catch (error) {
      runtime.log("error", "webhooks.failed", { error: String(error) });
      this.#dirtySince = runtime.now() + REPORT_RETRY_MS;
    }
  }

  doneThrough(): number {
    // Events of which no webhook is told move the place only when it is looked at.
    this.#catchUp();
    const needed = [this.outbox.lowestSeq(), this.log.lowestSeq()].filter((seq) => seq !== undefined);
    return Math.min(this.#state.place, ...needed.map((seq) => seq - 1));
  }

  /** Resolves when no request is under way. */
  idle(): Promise<void> {
    return this.#dispatcher.idle();
  }

  /** Takes over the workspace's webhooks where they are newer. What happened before is told under the old ones. */
  apply({ version, webhooks }: WebhookSnapshot): void {
    if (version <= this.#state.version) return;
    const { sql, journal, runtime } = this.#parts;
    this.#catchUp();
    sql.transaction(() => {
      const { removed, disabled } = this.registry.apply(webhooks);
      for (const id of removed) {
        this.outbox.drop(id);
        this.log.drop(id);
      }
      for (const id of disabled) this.#bury(id);
      this.#state.version = version;
      this.#state.place = journal.head;
      this.#state.save();
    });
    this.#checkedAt = runtime.now();
    this.#send();
  }

  /** Reads the configuration from Postgres. Throws where it does not answer. */
  async pull(): Promise<void> {
    const { source, runtime } = this.#parts;
    try {
      this.apply(await source.load());
    } catch (error) {
      runtime.log("warn", "webhooks.pull_failed", { error: String(error) });
      throw error;
    }
  }

  /**
   * Tells webhooks of something that is no event of the journal, in order with those of its channel. Call it outside of
   * a transaction, after what it tells of was appended.
   *
   * @param data becomes the body's `data`; kept until it is delivered, and with dead letters for seven days
   */
  enqueue(event: WebhookEvent, channelId: string, data: unknown): void {
    if (this.intake.tell({ event, lane: channelId, data })) this.#send();
  }

  /** Tells of a new user, once: a repeat tells nobody, nor does a user that is older than the webhook. */
  announceUser(user: User): void {
    const { sql, runtime } = this.#parts;
    const now = runtime.now();
    const known = sql.all(`SELECT 1 FROM webhook_announced WHERE user_id = ?`, user.id);
    if (known.length > 0) return;
    const told = this.intake.tell({
      event: "user.created",
      lane: laneOfUser(user.id),
      data: { user },
      concerns: (createdAt) => createdAt <= user.created_at,
      besides: () => {
        sql.run(`INSERT INTO webhook_announced (user_id, at) VALUES (?, ?)`, user.id, now);
        this.#keepUntil(now + ANNOUNCED_MS);
      },
    });
    if (told) this.#send();
  }

  /** Blanks what is kept here of a user who was deleted; everything else is in the journal. */
  forgetUser(userId: string): void {
    const data = JSON.stringify({ user: { id: userId, external_id: null, name: "" } });
    this.outbox.blank(laneOfUser(userId), data);
    this.log.blank(laneOfUser(userId), data);
  }

  /** Puts rows into the outbox and starts sending. */
  queue(rows: readonly OutboxRow[], besides?: () => void): void {
    this.intake.put(rows, besides);
    this.#send();
  }

  #send(): void {
    this.#dispatcher.start();
    this.#parts.onSchedule();
  }

  #catchUp(): void {
    this.#dirtySince = undefined;
    this.intake.catchUp();
  }

  /** Notes that something in the log ends its time then; stored with what it belongs to. */
  #keepUntil(time: number): void {
    const at = Math.ceil(time / CLEAR_STEP_MS) * CLEAR_STEP_MS;
    if (this.#state.clearAt !== undefined && this.#state.clearAt <= at) return;
    this.#state.clearAt = at;
    this.#state.save();
  }

  #clear(now: number): void {
    const { sql } = this.#parts;
    if (this.#state.clearAt === undefined || this.#state.clearAt > now) return;
    sql.transaction(() => {
      sql.run(`DELETE FROM webhook_announced WHERE at <= ?`, now - ANNOUNCED_MS);
      const announced = sql.all<{ at: number | null }>(`SELECT min(at) AS at FROM webhook_announced`)[0]?.at;
      const ends = [this.log.clear(now), announced == null ? undefined : announced + ANNOUNCED_MS];
      this.#state.clearAt = undefined;
      for (const end of ends) if (end !== undefined) this.#keepUntil(end);
      this.#state.save();
    });
  }

  #givenUp(webhookId: string): void {
    const { sql, runtime } = this.#parts;
    runtime.log("warn", "webhook.disabled", { webhook_id: webhookId });
    sql.transaction(() => this.#bury(webhookId));
    void this.#report();
  }

  /** What waits for a webhook that is disabled becomes dead letters. */
  #bury(webhookId: string): void {
    const now = this.#parts.runtime.now();
    this.outbox.giveUp(webhookId, TEST_LANE, now, "the webhook was disabled");
    this.#keepUntil(now + DEAD_LETTER_MS);
  }

  /** Tells Postgres of webhooks that were disabled here. Never throws. */
  async #report(): Promise<void> {
    if (this.#reporting) return;
    const { source, runtime, onSchedule } = this.#parts;
    this.#reporting = true;
    this.#reportAt = undefined;
    try {
      for (const { id, activation } of this.registry.unreported) this.apply(await source.disable(id, activation));
    } catch (error) {
      runtime.log("warn", "webhooks.report_failed", { error: String(error) });
    } finally {
      this.#reporting = false;
      // Again also where the answer was older than what the hub has.
      if (this.registry.unreported.length > 0) this.#reportAt = runtime.now() + REPORT_RETRY_MS;
    }
    onSchedule();
  }
}

function laneOfUser(userId: string): string {
  return `user:${userId}`;
}

import { ulid } from "../../../src/domain/ulid.ts";
import type { WebhookEvent } from "../../../src/protocol/webhook.ts";
import type { Journal } from "../journal.ts";
import type { HubRuntime, HubSql } from "../storage.ts";
import { occurrencesOf } from "./occurrences.ts";
import type { Occurrence, Outbox, OutboxRow } from "./outbox.ts";
import type { WebhookRegistry } from "./registry.ts";
import type { WebhookState } from "./state.ts";

export interface IntakeParts {
  sql: HubSql;
  runtime: HubRuntime;
  journal: Journal;
  registry: WebhookRegistry;
  outbox: Outbox;
  state: WebhookState;
}

/** What is told of, besides the journal's events. */
export interface Told {
  event: WebhookEvent;
  lane: string;
  data: unknown;
  /** Whether a webhook that was created then is concerned; without it all are. */
  concerns?: (webhookCreatedAt: string) => boolean;
  /** Further writes of the same transaction. */
  besides?: () => void;
}

const BATCH_EVENTS = 200;

/** Turns what happened into rows of the outbox, one for each webhook that wants to know. */
export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Brings the outbox up to the journal's head. */
  catchUp(): void {
    const { sql, journal, registry, outbox, state } = this.#parts;
    if (!registry.anyEnabled) {
      state.place = journal.head;
      return;
    }
    while (state.place < journal.head) {
      const events = journal.read(state.place, BATCH_EVENTS);
      const place = events.at(-1)?.seq ?? journal.head;
      const rows = events
        .flatMap((event) => occurrencesOf(event, () => this.eventId()))
        .flatMap((occurrence) => registry.subscribers(occurrence.event).map(({ id }) => this.rowFor(id, occurrence)));
      if (rows.length > 0) {
        sql.transaction(() => {
          outbox.add(rows);
          state.place = place;
          state.save();
        });
      }
      state.place = place;
    }
  }

  /** Puts something that is no event of the journal behind those that are. False where nobody wants to know. */
  tell({ event, lane, data, concerns = () => true, besides }: Told): boolean {
    this.catchUp();
    const subscribers = this.#parts.registry.subscribers(event).filter((webhook) => concerns(webhook.created_at));
    if (subscribers.length === 0) return false;
    const eventId = this.eventId();
    const at = this.#parts.runtime.now();
    const occurrence = { eventId, event, lane, seq: null, part: null, data: JSON.stringify(data), at };
    this.put(
      subscribers.map(({ id }) => this.rowFor(id, occurrence)),
      besides,
    );
    return true;
  }

  /** Puts rows into the outbox, with further writes in the same transaction. */
  put(rows: readonly OutboxRow[], besides?: () => void): void {
    const { sql, outbox, state } = this.#parts;
    sql.transaction(() => {
      outbox.add(rows);
      besides?.();
      state.save();
    });
  }

  /** A fresh row for one webhook. */
  rowFor(webhookId: string, occurrence: Occurrence): OutboxRow {
    const number = this.#parts.state.nextNumber++;
    const untried = { attempts: 0, nextAt: occurrence.at, lastAt: null, response: null, error: null };
    return { ...occurrence, webhookId, number, ...untried };
  }

  eventId(): string {
    const { runtime } = this.#parts;
    return `evt_${ulid(runtime.now(), runtime.random)}`;
  }
}

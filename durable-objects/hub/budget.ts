import type { BudgetStore } from "../../src/domain/hub-ports.ts";
import { SlidingLog } from "../../src/domain/sliding-log.ts";
import type { HubRuntime } from "./storage.ts";

const WINDOW_MS = 60_000;
/** Messages per lease: a send costs a tenth of a command, and a restart forgets at most nine. */
const LEASE = 10;
/** Leases are asked for when the messages that need them have been answered and delivered, and together for all who do meanwhile. */
const ASK_AFTER_MS = 20;
const MAX_USERS = 20_000;

interface Allowance {
  log: SlidingLog;
  /** Messages that the store has granted and that are not sent yet. */
  leased: number;
  leaseEndsAt: number;
  /** The store has said no until then, unix ms. */
  refusedUntil: number;
  asking: boolean;
}

/** A user whose next lease is to be asked for. */
interface Asker {
  userId: string;
  allowance: Allowance;
  /** Of the message that asks, unix ms. */
  now: number;
}

/**
 * Messages per user and minute. The hub sees every message of its workspace, so its own exact window decides at once;
 * blocks of the same budget are leased from the store beside the sends, which carries the count across a hub that
 * slept or restarted. Without an answer of the store the window alone goes on: never unlimited, never closed.
 */
export class MessageBudget {
  readonly #limit: number;
  readonly #store: BudgetStore | undefined;
  readonly #runtime: Pick<HubRuntime, "defer">;
  readonly #users = new Map<string, Allowance>();
  #askers: Asker[] = [];

  constructor(limitPerMinute: number, store: BudgetStore | undefined, runtime: Pick<HubRuntime, "defer">) {
    this.#limit = limitPerMinute;
    this.#store = store;
    this.#runtime = runtime;
  }

  /** Takes one message. @returns 0 when allowed, else milliseconds until the next one is. */
  take(userId: string, now: number): number {
    const allowance = this.#allowance(userId, now);
    const wait = Math.max(allowance.log.waitMs(now), allowance.leased > 0 ? 0 : allowance.refusedUntil - now);
    if (wait > 0) return wait;
    allowance.log.record(now);
    if (allowance.leaseEndsAt <= now) allowance.leased = 0;
    if (allowance.leased > 0) allowance.leased--;
    else this.#ask(userId, allowance, now);
    return 0;
  }

  /** Leases a block; the message that asked is part of it. */
  #ask(userId: string, allowance: Allowance, now: number): void {
    const store = this.#store;
    if (store === undefined || allowance.asking) return;
    allowance.asking = true;
    this.#askers.push({ userId, allowance, now });
    if (this.#askers.length === 1) this.#runtime.defer(ASK_AFTER_MS, () => void this.#lease(store));
  }

  async #lease(store: BudgetStore): Promise<void> {
    const askers = this.#askers;
    this.#askers = [];
    const count = Math.min(LEASE, this.#limit);
    const userIds = askers.map(({ userId }) => userId);
    // Without an answer the window alone decides, until the store answers again.
    const waits = await store.lease(userIds, count).catch(() => undefined);
    for (const [index, { allowance, now }] of askers.entries()) {
      allowance.asking = false;
      const waitMs = waits?.[index];
      if (waitMs === undefined) continue;
      if (waitMs > 0) allowance.refusedUntil = now + waitMs;
      else {
        allowance.leased = count - 1;
        allowance.leaseEndsAt = now + WINDOW_MS;
      }
    }
  }

  #allowance(userId: string, now: number): Allowance {
    const known = this.#users.get(userId);
    if (known !== undefined) return known;
    if (this.#users.size >= MAX_USERS) {
      for (const [id, one] of this.#users) if (one.log.isEmpty(now)) this.#users.delete(id);
    }
    const fresh = {
      log: new SlidingLog(this.#limit, WINDOW_MS),
      leased: 0,
      leaseEndsAt: 0,
      refusedUntil: 0,
      asking: false,
    };
    this.#users.set(userId, fresh);
    return fresh;
  }
}

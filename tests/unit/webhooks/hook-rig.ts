import type { WebhookConfig, WebhookSnapshot } from "../../../src/domain/hub-contract.ts";
import { fetchHookSender } from "../../../src/platform/hook-sender.ts";
import { generateHookSecret } from "../../../src/platform/hook-signature.ts";
import { createRig, creation, type RigOptions, uuid, WORKSPACE } from "../../support/hub-rig.ts";
import type { Received } from "../../support/receiver.ts";

/** Stands for the table of webhooks in Postgres. */
export class MemoryWebhooks {
  up = true;
  snapshot: WebhookSnapshot = { version: 0, webhooks: [] };

  async load(): Promise<WebhookSnapshot> {
    if (!this.up) throw new Error("connection refused");
    return structuredClone(this.snapshot);
  }

  async disable(webhookId: string, activation: number): Promise<WebhookSnapshot> {
    if (!this.up) throw new Error("connection refused");
    const hits = (one: WebhookConfig) => one.id === webhookId && one.activation === activation;
    return this.set(this.snapshot.webhooks.map((one) => (hits(one) ? { ...one, enabled: false } : one)));
  }

  set(webhooks: WebhookConfig[]): WebhookSnapshot {
    this.snapshot = { version: this.snapshot.version + 1, webhooks };
    return structuredClone(this.snapshot);
  }
}

export function webhook(n: number, url: string, more: Partial<WebhookConfig> = {}): WebhookConfig {
  return {
    id: `0190a000-0000-7000-8003-${n.toString(16).padStart(12, "0")}`,
    url,
    secret: generateHookSecret(),
    events: [],
    enabled: true,
    activation: 1,
    created_at: "2026-01-01T00:00:00.000Z",
    ...more,
  };
}

/** A hub that reaches real servers on loopback, under a clock that moves only when told. */
export function createHookRig(options: RigOptions & { store?: MemoryWebhooks } = {}) {
  const store = options.store ?? new MemoryWebhooks();
  const sender = fetchHookSender({ allowPrivateTargets: true });
  const rig = createRig({ ...options, hooks: { workspaceId: WORKSPACE, source: store, sender } });
  const { hub, runtime } = rig;
  const { webhooks, deliveries } = hub;
  if (webhooks === undefined || deliveries === undefined) throw new Error("no webhooks");
  return {
    ...rig,
    store,
    webhooks,
    deliveries,
    /** Makes groups 1 … `count` with `members` users. */
    async groups(count: number, members = 2) {
      for (let n = 1; n <= count; n++) {
        const change = creation(n, members);
        await hub.applyChannel(change.channel.id, 1, change);
      }
    },
    configure(...configs: WebhookConfig[]) {
      webhooks.apply(store.set(configs));
    },
    /** Lets time pass, with all timers and alarms that fall due, and real requests in between. */
    async pass(ms: number) {
      const end = runtime.time + ms;
      for (;;) {
        // In small steps while timers are set, so that no time passes beyond the one that starts a request.
        const until = Math.min(runtime.alarmAt ?? end, end);
        const step = runtime.pendingTimers > 0 ? Math.min(until, runtime.time + 10) : until;
        await runtime.advance(Math.max(0, step - runtime.time));
        await webhooks.idle();
        if (runtime.alarmAt !== undefined && runtime.alarmAt <= runtime.time) {
          runtime.alarmAt = undefined;
          await hub.alarm();
          await webhooks.idle();
        } else if (runtime.time >= end) return;
      }
    },
    /** The delivery log, newest first. */
    async log(webhookId: string, more: { status?: "pending" | "delivered" | "failed" } = {}) {
      const found = await deliveries.list({ webhookId, limit: 10_000, ...more });
      if (!found.ok) throw new Error(found.error.message);
      return found.value.map(({ delivery }) => delivery);
    },
  };
}

export type HookRig = ReturnType<typeof createHookRig>;

/** Contents of received messages, per channel in order of arrival. */
export function contentsByChannel(received: readonly Received[]): Record<string, string[]> {
  const contents: Record<string, string[]> = {};
  for (const { json } of received) {
    const { channel_id: id, content } = json.data.message;
    contents[id] = [...(contents[id] ?? []), content];
  }
  return contents;
}

export const channel = (n: number) => uuid("channel", n);
export const user = (n: number) => uuid("user", n);

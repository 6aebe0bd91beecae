import type { WebhookConfig } from "../../../src/domain/hub-contract.ts";
import { MAX_FAILURES } from "../../../src/domain/webhook-policy.ts";
import type { HubSql } from "../storage.ts";

interface Entry {
  config: WebhookConfig;
  /** Deliveries given up in a row. */
  failures: number;
  /** The activation in which there were too many of them. */
  givenUp: number | null;
}

/** What a new configuration did to the webhooks that were there. */
export interface RegistryChange {
  removed: string[];
  disabled: string[];
}

/** The hub's copy of the workspace's webhooks, and how each of them fares. */
export class WebhookRegistry {
  readonly #sql: HubSql;
  readonly #entries = new Map<string, Entry>();

  constructor(sql: HubSql) {
    this.#sql = sql;
    const rows = sql.all<{ id: string; config: string; failures: number; given_up: number | null }>(
      `SELECT id, config, failures, given_up FROM webhooks`,
    );
    for (const row of rows) {
      const config = JSON.parse(row.config) as WebhookConfig;
      this.#entries.set(row.id, { config, failures: row.failures, givenUp: row.given_up });
    }
  }

  get ids(): string[] {
    return [...this.#entries.keys()];
  }

  get(id: string): WebhookConfig | undefined {
    return this.#entries.get(id)?.config;
  }

  isEnabled(id: string): boolean {
    const entry = this.#entries.get(id);
    return entry?.config.enabled === true && entry.givenUp !== entry.config.activation;
  }

  /** Enabled webhooks that want an event. */
  subscribers(event: string): WebhookConfig[] {
    return this.#enabled().filter(({ events }) => events.length === 0 || events.some((one) => one === event));
  }

  get anyEnabled(): boolean {
    return this.#enabled().length > 0;
  }

  /** Webhooks that were disabled here and that Postgres still calls enabled. */
  get unreported(): WebhookConfig[] {
    return [...this.#entries.values()]
      .filter(({ config, givenUp }) => config.enabled && givenUp === config.activation)
      .map(({ config }) => config);
  }

  /** Takes over a configuration. */
  apply(configs: readonly WebhookConfig[]): RegistryChange {
    const wasEnabled = this.ids.filter((id) => this.isEnabled(id));
    const wanted = new Set(configs.map((config) => config.id));
    const removed = this.ids.filter((id) => !wanted.has(id));
    for (const id of removed) {
      this.#sql.run(`DELETE FROM webhooks WHERE id = ?`, id);
      this.#entries.delete(id);
    }
    for (const config of configs) {
      const known = this.#entries.get(config.id);
      const isSameActivation = known?.config.activation === config.activation;
      const entry = { config, failures: 0, givenUp: known?.givenUp ?? null };
      if (isSameActivation) entry.failures = known.failures;
      this.#entries.set(config.id, entry);
      this.#store(entry);
    }
    return { removed, disabled: wasEnabled.filter((id) => wanted.has(id) && !this.isEnabled(id)) };
  }

  /** A delivery went well. */
  succeeded(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.failures === 0) return;
    entry.failures = 0;
    this.#store(entry);
  }

  /** A delivery was given up. True where that was one too many in a row: the webhook is disabled from now on. */
  failed(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined || !this.isEnabled(id)) return false;
    entry.failures++;
    if (entry.failures >= MAX_FAILURES) entry.givenUp = entry.config.activation;
    this.#store(entry);
    return entry.givenUp === entry.config.activation;
  }

  #enabled(): WebhookConfig[] {
    return [...this.#entries.values()]
      .filter(({ config, givenUp }) => config.enabled && givenUp !== config.activation)
      .map(({ config }) => config);
  }

  #store({ config, failures, givenUp }: Entry): void {
    this.#sql.run(
      `INSERT INTO webhooks (id, config, failures, given_up) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET config = excluded.config, failures = excluded.failures,
         given_up = excluded.given_up`,
      config.id,
      JSON.stringify(config),
      failures,
      givenUp,
    );
  }
}

import type { SettingsSource } from "../../src/domain/hub-ports.ts";
import {
  defaultWorkspaceSettings,
  type WorkspaceSettings,
  workspaceSettingsSchema,
} from "../../src/protocol/workspace.ts";
import type { HubRuntime, HubSql } from "./storage.ts";

/** Milliseconds between two questions to a Postgres that does not answer. */
const RETRY_MS = 10_000;

/**
 * The workspace's settings as the hub last heard of them, so that no send asks Postgres. A hub that never heard of any asks once, in
 * the background, when they are first used; until the answer comes the defaults hold.
 */
export class SettingsStore {
  readonly #sql: HubSql;
  readonly #source: SettingsSource | undefined;
  readonly #runtime: HubRuntime;
  /** -1 before the hub heard of any. */
  #version: number;
  #settings: WorkspaceSettings;
  /** Unix milliseconds before which Postgres is not asked again. */
  #askNotBefore = 0;

  constructor(sql: HubSql, runtime: HubRuntime, source?: SettingsSource) {
    this.#sql = sql;
    this.#source = source;
    this.#runtime = runtime;
    const row = sql.all<{ version: number; settings: string }>(`SELECT version, settings FROM workspace_settings`)[0];
    this.#version = row?.version ?? -1;
    this.#settings =
      row === undefined ? defaultWorkspaceSettings() : workspaceSettingsSchema().parse(JSON.parse(row.settings));
  }

  get current(): WorkspaceSettings {
    if (this.#version < 0) this.#ask();
    return this.#settings;
  }

  /** Takes over settings that are newer than the ones it has. */
  apply(version: number, settings: WorkspaceSettings): void {
    if (version <= this.#version) return;
    this.#sql.run(
      `INSERT INTO workspace_settings (id, version, settings) VALUES (1, ?, ?)
       ON CONFLICT (id) DO UPDATE SET version = excluded.version, settings = excluded.settings`,
      version,
      JSON.stringify(settings),
    );
    this.#version = version;
    this.#settings = settings;
  }

  /** Nobody waits for the answer. */
  #ask(): void {
    const now = this.#runtime.now();
    if (this.#source === undefined || now < this.#askNotBefore) return;
    // Also while a question is under way: it ends sooner than this.
    this.#askNotBefore = now + RETRY_MS;
    this.#source.load().then(
      (found) => {
        if (found !== undefined) this.apply(found.version, found.settings);
      },
      (error: unknown) => this.#runtime.log("warn", "settings.pull_failed", { error: String(error) }),
    );
  }
}

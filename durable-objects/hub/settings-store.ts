import {
  DEFAULT_WORKSPACE_SETTINGS,
  type WorkspaceSettings,
  workspaceSettingsSchema,
} from "../../src/protocol/workspace.ts";
import type { HubSql } from "./storage.ts";

/** The workspace's settings as the hub last heard of them, so that no send asks Postgres. */
export class SettingsStore {
  readonly #sql: HubSql;
  #version: number;
  #settings: WorkspaceSettings;

  constructor(sql: HubSql) {
    this.#sql = sql;
    const row = sql.all<{ version: number; settings: string }>(`SELECT version, settings FROM workspace_settings`)[0];
    this.#version = row?.version ?? 0;
    this.#settings =
      row === undefined ? DEFAULT_WORKSPACE_SETTINGS : workspaceSettingsSchema.parse(JSON.parse(row.settings));
  }

  get current(): WorkspaceSettings {
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
}

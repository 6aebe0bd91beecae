import type { HubSql } from "./storage.ts";

/**
 * Steps from an empty database to the present one; each runs once, in order, and is never edited after a release.
 * Tables are WITHOUT ROWID where the key is the only index, so that a change writes one row.
 */
const STEPS: readonly string[][] = [
  [
    `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
    // The journal. seq is workspace-wide and dense; body is the event's frame data as JSON, without its cursor.
    `CREATE TABLE journal (
       seq INTEGER PRIMARY KEY,
       type TEXT NOT NULL,
       channel_id TEXT NOT NULL,
       at INTEGER NOT NULL,
       body TEXT NOT NULL,
       user_id TEXT,
       message_id TEXT,
       client_id TEXT
     )`,
    // Changes of messages are found by message; a new message is found by its time, so sends write no index row.
    `CREATE INDEX journal_changes ON journal (message_id)
       WHERE message_id IS NOT NULL AND type <> 'message.created'`,
    // Which idempotency keys were used, and for which event.
    `CREATE TABLE sends (
       user_id TEXT NOT NULL,
       channel_id TEXT NOT NULL,
       key TEXT NOT NULL,
       seq INTEGER NOT NULL,
       PRIMARY KEY (user_id, channel_id, key)
     ) WITHOUT ROWID`,
    `CREATE TABLE channels (
       id TEXT PRIMARY KEY,
       external_id TEXT,
       info TEXT NOT NULL,
       version INTEGER NOT NULL,
       deleted INTEGER NOT NULL,
       last_seq INTEGER NOT NULL,
       last_message_id TEXT
     ) WITHOUT ROWID`,
    `CREATE INDEX channels_external ON channels (external_id) WHERE external_id IS NOT NULL`,
    `CREATE TABLE members (
       channel_id TEXT NOT NULL,
       user_id TEXT NOT NULL,
       role TEXT,
       joined_at TEXT NOT NULL,
       joined_seq INTEGER NOT NULL,
       read_seq INTEGER NOT NULL,
       delivered_seq INTEGER NOT NULL,
       PRIMARY KEY (channel_id, user_id)
     ) WITHOUT ROWID`,
    `CREATE INDEX members_user ON members (user_id)`,
    `CREATE TABLE users (
       id TEXT PRIMARY KEY,
       external_id TEXT NOT NULL,
       name TEXT NOT NULL,
       avatar_url TEXT,
       version INTEGER NOT NULL,
       deleted INTEGER NOT NULL
     ) WITHOUT ROWID`,
    `CREATE INDEX users_external ON users (external_id)`,
    `CREATE TABLE workspace_settings (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, settings TEXT NOT NULL)`,
    // Events that Postgres refused for good; they stay in the journal too.
    `CREATE TABLE parked (seq INTEGER PRIMARY KEY, reason TEXT NOT NULL, at INTEGER NOT NULL)`,
  ],
];

/** Brings the hub's tables to the present form. Throws where the database was written by a newer version. */
export function migrate(sql: HubSql): void {
  sql.run(`CREATE TABLE IF NOT EXISTS schema_steps (step INTEGER PRIMARY KEY)`);
  const done = sql.all<{ steps: number }>(`SELECT count(*) AS steps FROM schema_steps`)[0]?.steps ?? 0;
  if (done > STEPS.length) throw new Error(`hub database is at step ${done}, this version knows ${STEPS.length}`);
  for (let step = done; step < STEPS.length; step++) {
    sql.transaction(() => {
      for (const statement of STEPS[step] ?? []) sql.run(statement);
      sql.run(`INSERT INTO schema_steps (step) VALUES (?)`, step);
    });
  }
}

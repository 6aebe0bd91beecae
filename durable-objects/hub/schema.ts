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
       client_id TEXT,
       audience TEXT
     )`,
    // Changes of messages are found by message; a new message is found by its time, so sends write no index row.
    `CREATE INDEX journal_changes ON journal (message_id)
       WHERE message_id IS NOT NULL AND type <> 'message.created'`,
    // Which idempotency keys were used, and for which event. Gone: see the last step.
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
    // Messages that are still being written; content is the acknowledged text. Gone when the stream ends.
    `CREATE TABLE streams (
       message_id TEXT PRIMARY KEY,
       channel_id TEXT NOT NULL,
       user_id TEXT,
       seq INTEGER NOT NULL,
       opened_at INTEGER NOT NULL,
       touched_at INTEGER NOT NULL,
       content TEXT NOT NULL
     ) WITHOUT ROWID`,
    // The hub's copy of the workspace's webhooks; given_up is the activation in which too many deliveries failed.
    `CREATE TABLE webhooks (
       id TEXT PRIMARY KEY,
       config TEXT NOT NULL,
       failures INTEGER NOT NULL,
       given_up INTEGER
     ) WITHOUT ROWID`,
    // version of the copy; events up to place are in the outbox; next number of a delivery; when the log is next cleared.
    `CREATE TABLE webhook_state (
       id INTEGER PRIMARY KEY,
       version INTEGER NOT NULL,
       place INTEGER NOT NULL,
       next_number INTEGER NOT NULL,
       clear_at INTEGER
     )`,
    // What is still to be delivered, in lanes (one per channel) that keep their order. An event of the journal is named
    // by its seq and read when it is sent, so that nothing unsent is kept here; data holds those that are not in it.
    `CREATE TABLE webhook_outbox (
       webhook_id TEXT NOT NULL,
       lane TEXT NOT NULL,
       number INTEGER NOT NULL,
       event_id TEXT NOT NULL,
       event TEXT NOT NULL,
       seq INTEGER,
       part TEXT,
       data TEXT,
       created_at INTEGER NOT NULL,
       attempts INTEGER NOT NULL,
       next_at INTEGER NOT NULL,
       last_at INTEGER,
       response INTEGER,
       error TEXT,
       PRIMARY KEY (webhook_id, lane, number)
     ) WITHOUT ROWID`,
    // What was delivered or given up.
    `CREATE TABLE webhook_log (
       webhook_id TEXT NOT NULL,
       number INTEGER NOT NULL,
       lane TEXT NOT NULL,
       event_id TEXT NOT NULL,
       event TEXT NOT NULL,
       seq INTEGER,
       part TEXT,
       data TEXT,
       created_at INTEGER NOT NULL,
       attempts INTEGER NOT NULL,
       last_at INTEGER,
       response INTEGER,
       error TEXT,
       delivered INTEGER NOT NULL,
       ended_at INTEGER NOT NULL,
       PRIMARY KEY (webhook_id, number)
     ) WITHOUT ROWID`,
    // Which users were announced lately, so that a repeated call announces nobody twice.
    `CREATE TABLE webhook_announced (user_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID`,
    // Who may not write where; until is in unix milliseconds, NULL for good. Kept for users who are not members too.
    `CREATE TABLE mutes (
       channel_id TEXT NOT NULL,
       user_id TEXT NOT NULL,
       until INTEGER,
       PRIMARY KEY (channel_id, user_id)
     ) WITHOUT ROWID`,
    // Users whose last connection has just ended: others still see them as they were.
    `CREATE TABLE presence_leaving (user_id TEXT PRIMARY KEY, at INTEGER NOT NULL, away INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE last_seen (user_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID`,
    // Who gets pushes where, as Postgres has it; the profile is null for users without devices.
    `CREATE TABLE push_profiles (user_id TEXT PRIMARY KEY, profile TEXT) WITHOUT ROWID`,
    // Pushes that could not be delivered at once: message (journal seq) and device.
    `CREATE TABLE push_outbox (
       token TEXT NOT NULL,
       seq INTEGER NOT NULL,
       user_id TEXT NOT NULL,
       lane TEXT NOT NULL,
       PRIMARY KEY (token, seq)
     ) WITHOUT ROWID`,
    // Devices, and push services (lanes), that do not take pushes now.
    `CREATE TABLE push_pauses (key TEXT PRIMARY KEY, failures INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID`,
    // Users who are being erased, or were lately; external_id is kept until it is done.
    `CREATE TABLE erasures (
       user_id TEXT PRIMARY KEY,
       external_id TEXT,
       phase TEXT NOT NULL,
       place TEXT,
       target INTEGER NOT NULL,
       messages INTEGER NOT NULL,
       failures INTEGER NOT NULL,
       next_at INTEGER,
       started_at INTEGER NOT NULL
     ) WITHOUT ROWID`,
    // Files of messages that are gone, until the store has removed them.
    `CREATE TABLE doomed_files (
       url TEXT PRIMARY KEY,
       user_id TEXT,
       failures INTEGER NOT NULL,
       next_at INTEGER NOT NULL
     ) WITHOUT ROWID`,
    // When messages that are too old are next looked for.
    `CREATE TABLE retention (id INTEGER PRIMARY KEY, next_at INTEGER NOT NULL)`,
    // Events that Postgres refused for good; they stay in the journal too.
    `CREATE TABLE parked (seq INTEGER PRIMARY KEY, reason TEXT NOT NULL, at INTEGER NOT NULL)`,
  ],
  [
    // Users who block somebody, or may, with sees_all 0. Those are all of them where there is a row of no user, with sees_all 1.
    `CREATE TABLE history_readers (user_id TEXT PRIMARY KEY, sees_all INTEGER NOT NULL) WITHOUT ROWID`,
  ],
  // Earlier forms of the next table.
  [`DROP TABLE IF EXISTS history_blocks`],
  [
    // Copies of what Postgres has of a channel, by ranges of seqs: complete up to through, read at that time. depends names
    // the users and quoted messages that are shown in it, and comes first: it is looked through without reading the rest.
    // Its only key is a number: SQLite finds a row by a text in it only by reading rows as a whole, which are long here.
    // texts are bytes, which is how they go out.
    `DROP TABLE IF EXISTS history_blocks`,
    `CREATE TABLE history_blocks (
       id INTEGER PRIMARY KEY,
       channel_id TEXT NOT NULL,
       depends TEXT NOT NULL,
       through INTEGER NOT NULL,
       read_at INTEGER NOT NULL,
       places TEXT NOT NULL,
       own TEXT NOT NULL,
       texts BLOB NOT NULL
     )`,
  ],
  [
    // Idempotency keys since the table sends, by number. Gone: see the last step.
    `CREATE TABLE used_keys (hash INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (hash, seq)) WITHOUT ROWID`,
    // A new message by one statement: its event, its channel's head and its key's number, all of them or none. number is its seq in the
    // channel.
    `CREATE VIEW new_messages (seq, channel_id, number, at, body, user_id, message_id, client_id, hash) AS
       SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`,
    `CREATE TRIGGER new_message INSTEAD OF INSERT ON new_messages BEGIN
       INSERT INTO journal (seq, type, channel_id, at, body, user_id, message_id, client_id)
         VALUES (NEW.seq, 'message.created', NEW.channel_id, NEW.at, NEW.body, NEW.user_id, NEW.message_id, NEW.client_id);
       UPDATE channels SET last_seq = NEW.number, last_message_id = NEW.message_id WHERE id = NEW.channel_id;
       INSERT INTO used_keys (hash, seq) SELECT NEW.hash, NEW.seq WHERE NEW.hash IS NOT NULL;
     END`,
  ],
  [
    // Idempotency keys are in their events. Where they are found: a sorted run for each stretch of the journal, see key-runs.ts; those of
    // the newest stretch are in memory. The events up to through are in this run or in one before.
    `CREATE TABLE key_runs (through INTEGER PRIMARY KEY, base INTEGER NOT NULL, hashes BLOB NOT NULL, offsets BLOB NOT NULL)`,
    `DROP TABLE sends`,
    `UPDATE erasures SET phase = 'rest', place = NULL WHERE phase = 'sends'`,
    `DROP TABLE used_keys`,
    // As before, without a row for the key.
    `DROP VIEW new_messages`,
    `CREATE VIEW new_messages (seq, channel_id, number, at, body, user_id, message_id, client_id) AS
       SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`,
    `CREATE TRIGGER new_message INSTEAD OF INSERT ON new_messages BEGIN
       INSERT INTO journal (seq, type, channel_id, at, body, user_id, message_id, client_id)
         VALUES (NEW.seq, 'message.created', NEW.channel_id, NEW.at, NEW.body, NEW.user_id, NEW.message_id, NEW.client_id);
       UPDATE channels SET last_seq = NEW.number, last_message_id = NEW.message_id WHERE id = NEW.channel_id;
     END`,
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

import type { DurableType } from "../../src/protocol/frames-down.ts";
import type { HubSql } from "./storage.ts";

/** One durable event. `body` is the JSON text of the frame's data without its cursor. */
export interface JournalEvent {
  seq: number;
  type: DurableType;
  channelId: string;
  /** Unix milliseconds. */
  at: number;
  body: string;
  /** Who caused it, where one user did. */
  userId: string | null;
  messageId: string | null;
  /** The sender's idempotency key. */
  clientId: string | null;
  /** The members who see the event besides its own user; undefined for all of them. */
  audience?: readonly string[] | undefined;
}

interface JournalRow {
  seq: number;
  type: DurableType;
  channel_id: string;
  at: number;
  body: string;
  user_id: string | null;
  message_id: string | null;
  client_id: string | null;
  audience: string | null;
}

export const COLUMNS = `seq, type, channel_id, at, body, user_id, message_id, client_id, audience`;
const OWN_COLUMNS = COLUMNS.replaceAll(/(\w+)/g, "journal.$1");

/** Events of the journal. `where` is what follows the table's name, never user input. */
export function readEvents(sql: HubSql, where: string, ...params: (string | number)[]): JournalEvent[] {
  const rows = sql.all<JournalRow>(`SELECT ${OWN_COLUMNS} FROM journal ${where}`, ...params);
  return rows.map((row) => ({
    seq: row.seq,
    type: row.type,
    channelId: row.channel_id,
    at: row.at,
    body: row.body,
    userId: row.user_id,
    messageId: row.message_id,
    clientId: row.client_id,
    audience: row.audience === null ? undefined : (JSON.parse(row.audience) as string[]),
  }));
}

import type { HubSql } from "../storage.ts";

/** How far pushes have come: everything up to journal seq `seq` is done, and of the next event members up to id `after`. */
export interface Place {
  seq: number;
  after: string;
}

const KEY = "push_place";

export function readPlace(sql: HubSql): Place | undefined {
  const row = sql.all<{ value: string }>(`SELECT value FROM meta WHERE key = ?`, KEY)[0];
  return row === undefined ? undefined : (JSON.parse(row.value) as Place);
}

export function storePlace(sql: HubSql, place: Place): void {
  sql.run(`INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)`, KEY, JSON.stringify(place));
}

/** Where pushes are turned off, nothing of them is kept: what would wait is old news when they are turned on again. */
export function forgetPushes(sql: HubSql): void {
  if (readPlace(sql) === undefined) return;
  sql.transaction(() => {
    sql.run(`DELETE FROM push_profiles`);
    sql.run(`DELETE FROM push_outbox`);
    sql.run(`DELETE FROM push_pauses`);
    sql.run(`DELETE FROM meta WHERE key = ?`, KEY);
  });
}

import { SMALL_CHANNEL_MEMBERS } from "../../src/domain/audience.ts";
import type { HubSql } from "./storage.ts";

/** People beyond this number are left out of one user's neighbours: a bound on the work, not on anything that people use. */
const MAX_NEIGHBOURS = 5_000;

/**
 * Who shares channels with whom. Asked of the hub's tables each time, along their indexes, and never kept: pairs of users
 * would take memory by the square of the workspace, while presence changes seldom.
 */
export class Neighbours {
  readonly #sql: HubSql;

  constructor(sql: HubSql) {
    this.#sql = sql;
  }

  /** Users who share a small channel with the user, each once however many they share. Looks at no large channel's members. */
  inSmallChannels(userId: string): string[] {
    const rows = this.#sql.all<{ id: string }>(
      `WITH small AS MATERIALIZED (
         SELECT mine.channel_id FROM members AS mine JOIN channels ON channels.id = mine.channel_id
         WHERE mine.user_id = ? AND channels.deleted = 0 AND (
           SELECT count(*) FROM (SELECT 1 FROM members WHERE channel_id = mine.channel_id LIMIT ?)) < ?)
       SELECT DISTINCT peer.user_id AS id FROM small JOIN members AS peer ON peer.channel_id = small.channel_id
       WHERE peer.user_id <> ? LIMIT ?`,
      userId,
      SMALL_CHANNEL_MEMBERS + 1,
      SMALL_CHANNEL_MEMBERS + 1,
      userId,
      MAX_NEIGHBOURS,
    );
    return rows.map((row) => row.id);
  }

  /** Those of `userIds` who share any channel with the user. Looks only at the named ones in each of its channels. */
  sharing(userId: string, userIds: readonly string[]): Set<string> {
    if (userIds.length === 0) return new Set();
    const rows = this.#sql.all<{ id: string }>(
      // CROSS JOIN keeps the order: each named user is looked up in each channel, and no channel is read as a whole.
      `SELECT DISTINCT peer.user_id AS id FROM members AS mine CROSS JOIN channels ON channels.id = mine.channel_id
       CROSS JOIN json_each(?) AS named
       CROSS JOIN members AS peer ON peer.channel_id = mine.channel_id AND peer.user_id = named.value
       WHERE mine.user_id = ? AND channels.deleted = 0 AND peer.user_id <> ?`,
      JSON.stringify(userIds),
      userId,
      userId,
    );
    return new Set(rows.map((row) => row.id));
  }
}

import type { PushSource } from "../../../src/domain/hub-ports.ts";
import type { PushProfile } from "../../../src/domain/push.ts";
import type { HubSql } from "../storage.ts";

/** A member of a channel with its profile: undefined where the hub has none, null for a user without devices. */
export interface MemberProfile {
  userId: string;
  profile: PushProfile | null | undefined;
}

interface ProfileRow {
  user_id: string;
  known: string | null;
  profile: string | null;
}

/** Loads that are overtaken by a change of their users are made again, up to this often. */
const LOAD_ATTEMPTS = 5;

/**
 * The hub's copy of who gets pushes where, so that a push asks Postgres only for users that it does not know. A change
 * takes the user's copy away, and the next push reads it anew: there is no order of changes to keep.
 */
export class PushProfiles {
  readonly #sql: HubSql;
  readonly #source: PushSource;
  /** Per running load, the users that changed since it began: what it reads of them may be old. */
  readonly #loads = new Set<Set<string>>();

  constructor(sql: HubSql, source: PushSource) {
    this.#sql = sql;
    this.#source = source;
  }

  /** Devices, mutes or blocks of these users have changed in Postgres. */
  changed(userIds: readonly string[]): void {
    this.#sql.run(
      `DELETE FROM push_profiles WHERE user_id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(userIds),
    );
    for (const changed of this.#loads) for (const userId of userIds) changed.add(userId);
  }

  /** Members of a channel with an id above `after`, by id, without `exceptId`. Throws where Postgres was needed in vain. */
  membersOf(channelId: string, after: string, exceptId: string | null, limit: number): Promise<MemberProfile[]> {
    return this.#complete(() =>
      this.#sql.all<ProfileRow>(
        `SELECT m.user_id, p.user_id AS known, p.profile
         FROM members AS m LEFT JOIN push_profiles AS p ON p.user_id = m.user_id
         WHERE m.channel_id = ? AND m.user_id > ? AND m.user_id <> ? ORDER BY m.user_id LIMIT ?`,
        channelId,
        after,
        exceptId ?? "",
        limit,
      ),
    );
  }

  /** Profiles of users. Throws where Postgres was needed in vain. */
  of(userIds: readonly string[]): Promise<MemberProfile[]> {
    return this.#complete(() =>
      this.#sql.all<ProfileRow>(
        `SELECT u.value AS user_id, p.user_id AS known, p.profile
         FROM json_each(?) AS u LEFT JOIN push_profiles AS p ON p.user_id = u.value`,
        JSON.stringify(userIds),
      ),
    );
  }

  async #complete(read: () => ProfileRow[]): Promise<MemberProfile[]> {
    for (let attempt = 1; ; attempt++) {
      const rows = read();
      const unknown = rows.filter((row) => row.known === null).map((row) => row.user_id);
      if (unknown.length === 0) return rows.map(toMemberProfile);
      if (attempt > LOAD_ATTEMPTS) throw new Error("profiles change faster than they can be read");
      await this.#load(unknown);
    }
  }

  async #load(userIds: readonly string[]): Promise<void> {
    const changed = new Set<string>();
    this.#loads.add(changed);
    try {
      const loaded = new Map((await this.#source.load(userIds)).map((profile) => [profile.userId, profile]));
      const current = userIds.filter((userId) => !changed.has(userId));
      const hasDevice = (userId: string) => (loaded.get(userId)?.devices.length ?? 0) > 0;
      // Most users have no device: nothing else of them matters.
      this.#sql.run(
        `INSERT OR REPLACE INTO push_profiles (user_id, profile) SELECT value, NULL FROM json_each(?)`,
        JSON.stringify(current.filter((userId) => !hasDevice(userId))),
      );
      // One by one: together they may be more than a parameter can hold.
      for (const userId of current.filter(hasDevice)) {
        this.#sql.run(
          `INSERT OR REPLACE INTO push_profiles (user_id, profile) VALUES (?, ?)`,
          userId,
          JSON.stringify(loaded.get(userId)),
        );
      }
    } finally {
      this.#loads.delete(changed);
    }
  }
}

function toMemberProfile(row: ProfileRow): MemberProfile {
  return { userId: row.user_id, profile: row.profile === null ? null : (JSON.parse(row.profile) as PushProfile) };
}

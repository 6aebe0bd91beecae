import type {
  ChannelInfo,
  ChannelSnapshot,
  Membership,
  MembershipWithCursors,
  UserProfile,
} from "../../src/domain/hub-contract.ts";
import type { Channel } from "../../src/protocol/channel.ts";
import type { Role } from "../../src/protocol/member.ts";
import type { UserSummary } from "../../src/protocol/user.ts";
import type { HubSql } from "./storage.ts";

export interface MemberState {
  userId: string;
  role: Role | null;
  joinedAt: string;
  /** Journal seq of the join: events from here on are this member's. */
  joinedSeq: number;
  /** Message seqs. */
  readSeq: number;
  deliveredSeq: number;
}

export interface ChannelState {
  info: ChannelInfo;
  version: number;
  deleted: boolean;
  /** Seq of the newest message. */
  lastSeq: number;
  lastMessageId: string | null;
  members: Map<string, MemberState>;
  /** Rises whenever somebody becomes a member or is none any more. */
  membersVersion: number;
}

interface ChannelRow {
  id: string;
  info: string;
  version: number;
  deleted: number;
  last_seq: number;
  last_message_id: string | null;
}

interface MemberRow {
  user_id: string;
  role: Role | null;
  joined_at: string;
  joined_seq: number;
  read_seq: number;
  delivered_seq: number;
}

interface UserRow {
  id: string;
  external_id: string;
  name: string;
  avatar_url: string | null;
  version: number;
  deleted: number;
}

/** Members kept in memory before the least recently loaded channels are dropped; each takes about 200 bytes. */
const MAX_CACHED_MEMBERS = 100_000;

/**
 * The hub's own copy of channels, members and profiles, so that neither a wake nor a Postgres outage stops a send.
 * Postgres is the truth; `changes.ts` brings this copy to its versions.
 */
export class Directory {
  readonly #sql: HubSql;
  readonly #onProfile: (userId: string) => void;
  readonly #channels = new Map<string, ChannelState>();
  readonly #users = new Map<string, UserRow>();
  #cachedMembers = 0;

  /** `onProfile` hears of users whose profile is not what it was, or who are gone. */
  constructor(sql: HubSql, onProfile: (userId: string) => void) {
    this.#sql = sql;
    this.#onProfile = onProfile;
  }

  /** A channel by internal or external id, deleted ones by internal id only. Undefined where the hub does not know it. */
  channel(ref: string): ChannelState | undefined {
    const cached = this.#channels.get(ref);
    if (cached !== undefined) return cached;
    const row = this.#sql.all<ChannelRow>(
      `SELECT id, info, version, deleted, last_seq, last_message_id FROM channels WHERE id = ?
       UNION ALL
       SELECT id, info, version, deleted, last_seq, last_message_id FROM channels WHERE external_id = ? AND deleted = 0`,
      ref,
      ref,
    )[0];
    return row === undefined ? undefined : (this.#channels.get(row.id) ?? this.#load(row));
  }

  user(id: string): UserSummary | undefined {
    const row = this.#user(id);
    return row === undefined
      ? undefined
      : { id: row.id, external_id: row.external_id, name: row.name, avatar_url: row.avatar_url };
  }

  /** Internal id of a user named by internal or external id. */
  userId(ref: string): string | undefined {
    if (this.#user(ref) !== undefined) return ref;
    return this.#sql.all<{ id: string }>(`SELECT id FROM users WHERE external_id = ? AND deleted = 0`, ref)[0]?.id;
  }

  isDeletedUser(id: string): boolean {
    return this.#user(id)?.deleted === 1;
  }

  /** Channel id → journal seq from which on the user is entitled to its events. */
  membershipsOf(userId: string): Map<string, number> {
    const rows = this.#sql.all<{ channel_id: string; joined_seq: number }>(
      `SELECT channel_id, joined_seq FROM members WHERE user_id = ?`,
      userId,
    );
    return new Map(rows.map((row) => [row.channel_id, row.joined_seq]));
  }

  /** The channel as the wire shows it. */
  wireChannel(state: ChannelState): Channel {
    return { ...state.info, member_count: state.members.size };
  }

  /** Learns a channel that the hub did not know. */
  insertChannel(snapshot: ChannelSnapshot, joinedSeq: number): ChannelState {
    const { channel, version, deleted } = snapshot;
    this.#sql.run(
      `INSERT INTO channels (id, external_id, info, version, deleted, last_seq, last_message_id)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      channel.id,
      channel.external_id,
      JSON.stringify(channel),
      version,
      deleted ? 1 : 0,
      snapshot.last_seq,
      snapshot.last_message_id,
    );
    const state: ChannelState = {
      info: channel,
      version,
      deleted,
      lastSeq: snapshot.last_seq,
      lastMessageId: snapshot.last_message_id,
      members: new Map(),
      membersVersion: 0,
    };
    this.#remember(state);
    this.putMembers(state, snapshot.members, joinedSeq);
    return state;
  }

  updateChannel(state: ChannelState, next: { info: ChannelInfo; version: number; deleted: boolean }) {
    this.#sql.run(
      `UPDATE channels SET external_id = ?, info = ?, version = ?, deleted = ? WHERE id = ?`,
      next.info.external_id,
      JSON.stringify(next.info),
      next.version,
      next.deleted ? 1 : 0,
      state.info.id,
    );
    Object.assign(state, next);
  }

  /** Stores the channel's newest message (one row). The caller moves `state` once its transaction went through. */
  storeNewest(state: ChannelState, seq: number, messageId: string): void {
    this.#sql.run(`UPDATE channels SET last_seq = ?, last_message_id = ? WHERE id = ?`, seq, messageId, state.info.id);
  }

  /** Adds memberships, or replaces them where the user is a member already. A newcomer has read everything so far. */
  putMembers(
    state: ChannelState,
    memberships: readonly (Membership & Partial<MembershipWithCursors>)[],
    joinedSeq: number,
  ): void {
    const added = memberships.map(
      (one): MemberState => ({
        userId: one.user_id,
        role: one.role,
        joinedAt: one.joined_at,
        joinedSeq,
        readSeq: one.read_seq ?? state.lastSeq,
        deliveredSeq: one.delivered_seq ?? state.lastSeq,
      }),
    );
    // One JSON parameter: a statement takes at most 100 bound values.
    this.#sql.run(
      `INSERT INTO members (channel_id, user_id, role, joined_at, joined_seq, read_seq, delivered_seq)
       SELECT ?, value ->> 'userId', value ->> 'role', value ->> 'joinedAt', ?, value ->> 'readSeq',
         value ->> 'deliveredSeq'
       FROM json_each(?) WHERE true
       ON CONFLICT (channel_id, user_id) DO UPDATE SET
         role = excluded.role, joined_at = excluded.joined_at, joined_seq = excluded.joined_seq,
         read_seq = excluded.read_seq, delivered_seq = excluded.delivered_seq`,
      state.info.id,
      joinedSeq,
      JSON.stringify(added),
    );
    const before = state.members.size;
    for (const member of added) state.members.set(member.userId, member);
    state.membersVersion++;
    this.#cachedMembers += state.members.size - before;
  }

  setRole(state: ChannelState, userId: string, role: Role | null): void {
    this.#sql.run(`UPDATE members SET role = ? WHERE channel_id = ? AND user_id = ?`, role, state.info.id, userId);
    const member = state.members.get(userId);
    if (member !== undefined) member.role = role;
  }

  /** Moves a member's cursor (one row). What is read is delivered too. */
  setCursor(state: ChannelState, member: MemberState, kind: "read" | "delivered", seq: number): void {
    if (kind === "read") member.readSeq = seq;
    member.deliveredSeq = Math.max(member.deliveredSeq, seq);
    this.#sql.run(
      `UPDATE members SET read_seq = ?, delivered_seq = ? WHERE channel_id = ? AND user_id = ?`,
      member.readSeq,
      member.deliveredSeq,
      state.info.id,
      member.userId,
    );
  }

  removeMembers(state: ChannelState, userIds: readonly string[]): void {
    this.#sql.run(
      `DELETE FROM members WHERE channel_id = ? AND user_id IN (SELECT value FROM json_each(?))`,
      state.info.id,
      JSON.stringify(userIds),
    );
    for (const userId of userIds) if (state.members.delete(userId)) this.#cachedMembers--;
    state.membersVersion++;
  }

  /** Stores profiles that are newer than the ones it has. */
  putUsers(users: readonly UserProfile[]): void {
    if (users.length === 0) return;
    const profiles = JSON.stringify(users);
    const renewed = this.#sql.all<{ id: string }>(
      `SELECT users.id FROM json_each(?) given JOIN users ON users.id = given.value ->> 'id'
       WHERE given.value ->> 'version' > users.version`,
      profiles,
    );
    this.#sql.run(
      `INSERT INTO users (id, external_id, name, avatar_url, version, deleted)
       SELECT value ->> 'id', value ->> 'external_id', value ->> 'name', value ->> 'avatar_url', value ->> 'version', 0
       FROM json_each(?) WHERE true
       ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id, name = excluded.name,
         avatar_url = excluded.avatar_url, version = excluded.version
       WHERE excluded.version > users.version`,
      profiles,
    );
    for (const user of users) this.#users.delete(user.id);
    for (const { id } of renewed) this.#onProfile(id);
  }

  /** True where the hub has a profile of the user, current or not. */
  knowsUser(id: string): boolean {
    return this.#user(id) !== undefined;
  }

  /** Marks a user as gone, also one it never knew, so that a token still valid opens no socket. */
  deleteUser(id: string): void {
    this.#sql.run(
      `INSERT INTO users (id, external_id, name, avatar_url, version, deleted) VALUES (?, '', '', NULL, 0, 1)
       ON CONFLICT (id) DO UPDATE SET deleted = 1`,
      id,
    );
    this.#users.delete(id);
    this.#onProfile(id);
  }

  /** Keeps nothing of a deleted user's profile. */
  blankUser(id: string): void {
    this.#sql.run(`UPDATE users SET external_id = '', name = '', avatar_url = NULL WHERE id = ? AND deleted = 1`, id);
    this.#users.delete(id);
  }

  /** Forgets what is in memory, after a transaction that did not go through. */
  forget(channelId: string): void {
    const state = this.#channels.get(channelId);
    if (state === undefined) return;
    this.#channels.delete(channelId);
    this.#cachedMembers -= state.members.size;
  }

  #user(id: string): UserRow | undefined {
    const cached = this.#users.get(id);
    if (cached !== undefined) return cached;
    const row = this.#sql.all<UserRow>(
      `SELECT id, external_id, name, avatar_url, version, deleted FROM users WHERE id = ?`,
      id,
    )[0];
    if (row !== undefined) {
      if (this.#users.size >= MAX_CACHED_MEMBERS) this.#users.clear();
      this.#users.set(id, row);
    }
    return row;
  }

  #load(row: ChannelRow): ChannelState {
    const rows = this.#sql.all<MemberRow>(
      `SELECT user_id, role, joined_at, joined_seq, read_seq, delivered_seq FROM members WHERE channel_id = ?`,
      row.id,
    );
    const members = rows.map((member): [string, MemberState] => [
      member.user_id,
      {
        userId: member.user_id,
        role: member.role,
        joinedAt: member.joined_at,
        joinedSeq: member.joined_seq,
        readSeq: member.read_seq,
        deliveredSeq: member.delivered_seq,
      },
    ]);
    const state: ChannelState = {
      info: JSON.parse(row.info) as ChannelInfo,
      version: row.version,
      deleted: row.deleted === 1,
      lastSeq: row.last_seq,
      lastMessageId: row.last_message_id,
      members: new Map(members),
      membersVersion: 0,
    };
    this.#remember(state);
    return state;
  }

  /** Keeps the channel in memory and drops the oldest ones beyond the bound. */
  #remember(state: ChannelState): void {
    this.#channels.set(state.info.id, state);
    this.#cachedMembers += state.members.size;
    for (const id of this.#channels.keys()) {
      if (this.#cachedMembers <= MAX_CACHED_MEMBERS || id === state.info.id) break;
      this.forget(id);
    }
  }
}

import { isAllowed } from "../../src/domain/access.ts";
import type { ChannelSnapshot, HubError, HubResult, MuteCommand } from "../../src/domain/hub-contract.ts";
import type { DurableData, DurableType } from "../../src/protocol/frames-down.ts";
import type { ModerationRule } from "../../src/protocol/workspace.ts";
import type { Changes } from "./changes.ts";
import type { ChannelState, Directory } from "./directory.ts";
import type { Fanout } from "./fanout.ts";
import type { Journal, NewEvent } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";
import type { HubRuntime, HubSql } from "./storage.ts";

export interface MutesParts {
  sql: HubSql;
  directory: Directory;
  changes: Changes;
  journal: Journal;
  fanout: Fanout;
  runtime: HubRuntime;
  onAppend(event: JournalEvent): void;
}

interface MuteRow {
  until: number | null;
}

/** A mute as it begins. */
export interface NewMute {
  userId: string;
  /** Unix milliseconds; null for good. */
  until: number | null;
  /** Null for the workspace's server and for automatic mutes. */
  by: string | null;
  /** The rule of an automatic mute. */
  rule: ModerationRule | null;
}

const DONE: HubResult<null> = { ok: true, value: null };

/**
 * Who may not write in which channel. The hub is where mutes are made, by admins and by rules alike, so that they have one order;
 * the journal carries them to Postgres. They are of a user and not of a membership: leaving and coming back ends none. A mute ends
 * by comparing times, never by a timer.
 */
export class Mutes {
  readonly #parts: MutesParts;
  /** False where there is not a single mute, as in most workspaces: then no send looks for one. */
  #any: boolean;

  constructor(parts: MutesParts) {
    this.#parts = parts;
    this.#any = parts.sql.all(`SELECT 1 FROM mutes LIMIT 1`).length > 0;
  }

  /** The refusal for a user who is muted in the channel now; undefined for one who is not. */
  refusal(channelId: string, userId: string): { ok: false; error: HubError } | undefined {
    const mute = this.#active(channelId, userId);
    if (mute === undefined) return undefined;
    const end = mute.until === null ? "" : ` until ${new Date(mute.until).toISOString()}`;
    const message = `unable to write; because you are muted in this channel${end}`;
    return { ok: false, error: { code: "MUTED", message } };
  }

  /** Mutes a user, or ends a mute; repeats are no events. Throws where Postgres had to be asked and did not answer. */
  async set({ channel: ref, userId, actor, muted, until }: MuteCommand): Promise<HubResult<null>> {
    const { changes } = this.#parts;
    const channel = await changes.resolve(ref);
    if (channel === undefined || channel.deleted) return refuse("NOT_FOUND", "there is no such channel");
    const actorId = "userId" in actor ? actor.userId : null;
    const standing = actorId === null ? "workspace" : channel.members.get(actorId)?.role;
    if (actorId !== null && !channel.members.has(actorId)) return refuse("NOT_A_MEMBER", "you are not a member");
    if (!isAllowed(standing ?? "member", "members.mute")) {
      return refuse("FORBIDDEN", "only an admin of this channel may mute");
    }
    const present = this.#active(channel.info.id, userId);
    if (!muted) {
      if (present !== undefined) this.#publish(() => this.#unmute(channel, userId, actorId));
      return DONE;
    }
    const end = until === null ? null : Date.parse(until);
    if (present !== undefined && present.until === end) return DONE;
    this.#publish(() => this.mute(channel, { userId, until: end, by: actorId, rule: null }));
    return DONE;
  }

  /** Stores a mute and appends its event, one row each. Call inside a journal transaction; fan-out is the caller's. */
  mute(channel: ChannelState, { userId, until, by, rule }: NewMute): JournalEvent {
    this.#put(channel.info.id, userId, until);
    const data: DurableData<"member.muted"> = {
      ...idsOf(channel),
      user_id: userId,
      until: until === null ? null : new Date(until).toISOString(),
      by_user_id: by,
      rule,
    };
    return this.#parts.journal.append(toMemberAndAdmins("member.muted", channel, userId, data));
  }

  /** Takes over the mutes of a channel that the hub has not known before. */
  learn({ channel, mutes = [] }: ChannelSnapshot): void {
    for (const { user_id, until } of mutes) this.#put(channel.id, user_id, until === null ? null : Date.parse(until));
  }

  #unmute(channel: ChannelState, userId: string, by: string | null): JournalEvent {
    this.#parts.sql.run(`DELETE FROM mutes WHERE channel_id = ? AND user_id = ?`, channel.info.id, userId);
    const data: DurableData<"member.unmuted"> = { ...idsOf(channel), user_id: userId, by_user_id: by };
    return this.#parts.journal.append(toMemberAndAdmins("member.unmuted", channel, userId, data));
  }

  #put(channelId: string, userId: string, until: number | null): void {
    this.#parts.sql.run(
      `INSERT INTO mutes (channel_id, user_id, until) VALUES (?, ?, ?)
       ON CONFLICT (channel_id, user_id) DO UPDATE SET until = excluded.until`,
      channelId,
      userId,
      until,
    );
    this.#any = true;
  }

  #active(channelId: string, userId: string): MuteRow | undefined {
    if (!this.#any) return undefined;
    const { sql, runtime } = this.#parts;
    const row = sql.all<MuteRow>(`SELECT until FROM mutes WHERE channel_id = ? AND user_id = ?`, channelId, userId)[0];
    return row === undefined || (row.until !== null && row.until <= runtime.now()) ? undefined : row;
  }

  #publish(write: () => JournalEvent): void {
    const { journal, fanout, onAppend } = this.#parts;
    const event = journal.transaction(write);
    fanout.enqueue(event);
    onAppend(event);
  }
}

/** The channel's admins as they are now. */
export function adminsOf(channel: ChannelState): string[] {
  return [...channel.members.values()].filter(({ role }) => role === "admin").map(({ userId }) => userId);
}

export function idsOf(channel: ChannelState) {
  return { channel_id: channel.info.id, channel_external_id: channel.info.external_id };
}

function toMemberAndAdmins<Type extends DurableType>(
  type: Type,
  channel: ChannelState,
  userId: string,
  data: DurableData<Type>,
): NewEvent {
  const body = JSON.stringify(data);
  const audience = adminsOf(channel);
  return { type, channelId: channel.info.id, body, userId, messageId: null, clientId: null, audience };
}

function refuse(code: HubError["code"], reason: string): { ok: false; error: HubError } {
  return { ok: false, error: { code, message: `unable to change the mute; because ${reason}` } };
}

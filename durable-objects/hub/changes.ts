import type { ChannelChange, ChannelSnapshot, MembershipWithCursors } from "../../src/domain/hub-contract.ts";
import type { ChannelSource } from "../../src/domain/hub-ports.ts";
import type { DurableData, DurableType } from "../../src/protocol/frames-down.ts";
import type { Member } from "../../src/protocol/member.ts";
import type { ChannelState, Directory } from "./directory.ts";
import type { Fanout } from "./fanout.ts";
import type { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";

/**
 * Brings the hub's copy of channels and members to the versions that Postgres has, and tells of it in the journal.
 * Versions are applied in order: the next one as a change, anything else by reading the whole channel again.
 */
export class Changes {
  readonly #directory: Directory;
  readonly #journal: Journal;
  readonly #fanout: Fanout;
  readonly #source: ChannelSource;
  readonly #onAppend: (event: JournalEvent) => void;
  readonly #onLearn: (snapshot: ChannelSnapshot) => void;
  readonly #pulls = new Map<string, Promise<ChannelState | undefined>>();

  constructor(parts: {
    directory: Directory;
    journal: Journal;
    fanout: Fanout;
    source: ChannelSource;
    onAppend(event: JournalEvent): void;
    /** The hub learns a channel that it did not know. */
    onLearn(snapshot: ChannelSnapshot): void;
  }) {
    this.#onLearn = parts.onLearn;
    this.#directory = parts.directory;
    this.#journal = parts.journal;
    this.#fanout = parts.fanout;
    this.#source = parts.source;
    this.#onAppend = parts.onAppend;
  }

  /** Returns when the hub is at `version` or later. Throws where it must pull and Postgres does not answer. */
  async apply(channelId: string, version: number, change?: ChannelChange): Promise<void> {
    const state = this.#directory.channel(channelId);
    if (state !== undefined && state.version >= version) return;
    const fits = change !== undefined && change.version === (state?.version ?? 0) + 1;
    if (fits) this.#applyChange(state, change);
    else await this.pull(channelId);
  }

  /** The channel by internal or external id, read from Postgres where the hub does not know it. */
  async resolve(ref: string): Promise<ChannelState | undefined> {
    return this.#directory.channel(ref) ?? (await this.pull(ref));
  }

  /** Reads the channel from Postgres and applies what is new. Calls for one channel at one time share one read. */
  pull(ref: string): Promise<ChannelState | undefined> {
    const running = this.#pulls.get(ref);
    if (running !== undefined) return running;
    const pull = this.#source
      .load(ref)
      .then((snapshot) => (snapshot === undefined ? undefined : this.#applySnapshot(snapshot)))
      .finally(() => this.#pulls.delete(ref));
    this.#pulls.set(ref, pull);
    return pull;
  }

  #applySnapshot(snapshot: ChannelSnapshot): ChannelState {
    // Read after the await: something newer may have been applied meanwhile.
    const state = this.#directory.channel(snapshot.channel.id);
    if (state === undefined) return this.#learn(snapshot);
    // Messages that were written past this hub: their seqs are taken.
    if (snapshot.last_seq > state.lastSeq && snapshot.last_message_id !== null) {
      this.#directory.storeNewest(state, snapshot.last_seq, snapshot.last_message_id);
      state.lastSeq = snapshot.last_seq;
      state.lastMessageId = snapshot.last_message_id;
    }
    if (snapshot.version > state.version) this.#applyChange(state, difference(state, snapshot));
    return state;
  }

  /** A channel at its first version has just been created; a later one existed before this hub heard of it. */
  #learn(snapshot: ChannelSnapshot): ChannelState {
    this.#onLearn(snapshot);
    const change = snapshot.version === 1 ? asCreation(snapshot) : undefined;
    if (change !== undefined) return this.#applyChange(undefined, change);
    return this.#journal.transaction(() => {
      this.#directory.putUsers(snapshot.users);
      return this.#directory.insertChannel(snapshot, 0);
    });
  }

  #applyChange(state: ChannelState | undefined, change: ChannelChange): ChannelState {
    // What was appended under the old membership goes out under the old membership.
    this.#fanout.flush();
    try {
      const { next, events } = this.#journal.transaction(() => this.#write(state, change));
      for (const event of events) {
        this.#fanout.enqueue(event, event.type === "member.left" ? change.left : undefined);
        this.#onAppend(event);
      }
      return next;
    } catch (error) {
      this.#directory.forget(change.channel.id);
      throw error;
    }
  }

  #write(state: ChannelState | undefined, change: ChannelChange): { next: ChannelState; events: JournalEvent[] } {
    this.#directory.putUsers(change.users);
    const events: JournalEvent[] = [];
    const next = state ?? this.#create(change);
    const append = <Type extends DurableType>(type: Type, data: DurableData<Type>) => {
      const channelId = change.channel.id;
      events.push(
        this.#journal.append({
          type,
          channelId,
          body: JSON.stringify(data),
          userId: null,
          messageId: null,
          clientId: null,
        }),
      );
    };
    const ids = { channel_id: change.channel.id, channel_external_id: change.channel.external_id };

    if (state === undefined) {
      append("channel.created", { channel: this.#directory.wireChannel(next) });
      return { next, events };
    }
    const joinedSeq = this.#journal.head + 1;
    this.#directory.removeMembers(next, change.left);
    this.#directory.putMembers(next, change.joined, joinedSeq);
    for (const one of change.roleChanged) this.#directory.setRole(next, one.user_id, one.role);
    this.#directory.updateChannel(next, {
      info: change.channel,
      version: change.version,
      deleted: change.deleted,
    });
    if (change.joined.length > 0) {
      const members = change.joined.map((one) => this.#wireMember(next, one.user_id));
      append("member.joined", { channel: this.#directory.wireChannel(next), members, last_seq: next.lastSeq });
    }
    if (change.left.length > 0) append("member.left", { ...ids, user_ids: change.left });
    for (const one of change.roleChanged) {
      append("member.updated", { ...ids, member: this.#wireMember(next, one.user_id) });
    }
    if (change.updated) append("channel.updated", { channel: this.#directory.wireChannel(next) });
    if (change.deleted) append("channel.deleted", ids);
    return { next, events };
  }

  #create(change: ChannelChange): ChannelState {
    const members = change.joined.map((one): MembershipWithCursors => ({ ...one, read_seq: 0, delivered_seq: 0 }));
    const { channel, version, deleted, users } = change;
    return this.#directory.insertChannel(
      { channel, version, deleted, users, members, last_seq: 0, last_message_id: null },
      this.#journal.head + 1,
    );
  }

  #wireMember(state: ChannelState, userId: string): Member {
    const member = state.members.get(userId);
    const user = this.#directory.user(userId) ?? { id: userId, external_id: null, name: "", avatar_url: null };
    return {
      user,
      role: member?.role ?? null,
      joined_at: member?.joinedAt ?? state.info.created_at,
      last_delivered_at: null,
      last_read_at: null,
    };
  }
}

function asCreation(snapshot: ChannelSnapshot): ChannelChange {
  const { channel, version, deleted, users, members } = snapshot;
  return { channel, version, deleted, users, joined: members, updated: false, roleChanged: [], left: [] };
}

/** What happened between the hub's copy and the snapshot. A member who left and came back counts as both. */
function difference(state: ChannelState, snapshot: ChannelSnapshot): ChannelChange {
  const now = new Map(snapshot.members.map((member) => [member.user_id, member]));
  const returned = (id: string) => now.get(id)?.joined_at !== state.members.get(id)?.joinedAt;
  const { channel, version, users } = snapshot;
  return {
    channel,
    version,
    users,
    deleted: snapshot.deleted && !state.deleted,
    updated: channel.name !== state.info.name || channel.avatar_url !== state.info.avatar_url,
    joined: snapshot.members.filter((member) => !state.members.has(member.user_id) || returned(member.user_id)),
    roleChanged: snapshot.members.filter((member) => {
      const known = state.members.get(member.user_id);
      return known !== undefined && !returned(member.user_id) && known.role !== member.role;
    }),
    left: [...state.members.keys()].filter((id) => !now.has(id) || returned(id)),
  };
}

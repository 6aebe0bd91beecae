import type { PresenceOf } from "../../src/domain/hub-contract.ts";
import { TokenBucket } from "../../src/domain/token-bucket.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { Presence as PresenceEntry, PresenceStatus } from "../../src/protocol/presence.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { JournalConsumer } from "./consumer.ts";
import type { Directory } from "./directory.ts";
import { encodeFrame } from "./encode.ts";
import type { Fanout } from "./fanout.ts";
import type { Neighbours } from "./neighbours.ts";
import type { PresenceAudience } from "./presence-audience.ts";
import type { PresenceStore } from "./presence-store.ts";
import type { SettingsStore } from "./settings-store.ts";
import type { HubRuntime } from "./storage.ts";

const GRACE_MS = LIMITS.presenceGraceSeconds * 1000;
/** Changes of this long are told of together, so that one which was taken back is never told. */
const GATHER_MS = 100;
/** Between two updates of one user, and between two alarms. */
const SPACING_MS = 1_000;
/** Frames of one round; what is over waits for the next and is merged with what comes meanwhile. */
const ROUND_FRAMES = 5_000;
/** What looking for the recipients of one update costs at least, in frames. */
const LOOK_FRAMES = 10;

/** Questions that a connection may ask at once; then one a second. */
const ASK_BURST = 3;

/** The data of `presence.state`. */
export interface PresenceState {
  users: PresenceEntry[];
  truncated: boolean;
}

export interface PresenceParts {
  connections: Connections;
  directory: Directory;
  neighbours: Neighbours;
  audience: PresenceAudience;
  store: PresenceStore;
  fanout: Fanout;
  settings: SettingsStore;
  runtime: HubRuntime;
  /** Asks for the hub's alarm to be set anew. */
  onSchedule(): void;
}

/**
 * Who is there. A user's status follows from its open connections and their `away` flags, which survive hibernation; only
 * the grace after the last connection is kept besides. Changes go to connected people who share a small channel with the
 * user and to connections that watch it: never to a channel as a whole. Consumes no events: it is one for its alarms.
 */
export class Presence implements JournalConsumer {
  readonly name = "presence";
  readonly #parts: PresenceParts;
  /**
   * User → what others were told, and when; "mixed" where some learned more from an answer. Kept while a change waits or
   * the next one would be too soon.
   */
  readonly #told = new Map<string, { status: PresenceStatus | "mixed"; at: number }>();
  /** Users whose status may have changed since. */
  readonly #dirty = new Set<string>();
  readonly #asking = new WeakMap<Connection, TokenBucket>();
  #scheduled = false;
  /** Unix milliseconds of the next round that an alarm makes. */
  #roundAt: number | undefined;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    parts.connections.onLast = (connection) => this.#left(connection);
  }

  /** A new connection, already among the others. */
  opened(connection: Connection): void {
    const { connections, store, runtime } = this.#parts;
    if (!this.#isOn) return;
    const { userId } = connection;
    this.#settle(runtime.now(), 1);
    const others = [...connections.of(userId)].filter((one) => one !== connection);
    const left = store.leaving.get(userId);
    if (left !== undefined) store.cameBack(userId);
    this.#note(userId, others.length > 0 ? statusOf(others) : (left?.status ?? "offline"));
  }

  set(connection: Connection, status: "online" | "away"): void {
    if (!this.#isOn || (connection.state.away === true) === (status === "away")) return;
    const before = this.#status(connection.userId);
    connection.remember({ away: status === "away" ? true : undefined });
    this.#note(connection.userId, before);
  }

  /** True where the connection may ask now: an answer costs a look at all of the user's channels. */
  mayAsk(connection: Connection): boolean {
    const now = this.#parts.runtime.now();
    const bucket = this.#asking.get(connection) ?? new TokenBucket(1, ASK_BURST, now);
    this.#asking.set(connection, bucket);
    return bucket.take(now);
  }

  /** Who is there of those who share a small channel with the user. */
  query(userId: string): PresenceState {
    const { neighbours } = this.#parts;
    const ids = this.#isOn ? neighbours.inSmallChannels(userId) : [];
    const present = ids.filter((id) => this.#status(id) !== "offline");
    this.#answered(ids);
    return {
      users: this.#entries(present.slice(0, LIMITS.presenceListed)),
      truncated: present.length > LIMITS.presenceListed,
    };
  }

  /** Tells the connection of these users from now on, and how they are; those with whom it shares no channel are left out. */
  watch(connection: Connection, refs: readonly string[]): PresenceState {
    const { directory, neighbours } = this.#parts;
    if (!this.#isOn) return { users: [], truncated: false };
    const named = refs.map((ref) => directory.userId(ref)).filter((id) => id !== undefined);
    const sharing = neighbours.sharing(connection.userId, named);
    const shared = [...new Set(named)].filter((id) => sharing.has(id));
    connection.remember({ watching: shared.length === 0 ? undefined : shared });
    this.#answered(shared);
    return { users: this.#entries(shared), truncated: false };
  }

  /** How these users are, for whoever may ask. Empty where presence is off. */
  of(userIds: readonly string[]): PresenceOf[] {
    if (!this.#isOn) return [];
    const offline = userIds.filter((id) => this.#status(id) === "offline");
    const lastSeen = this.#parts.store.lastSeen(offline);
    return userIds.map((id) => {
      const at = lastSeen.get(id);
      const last_seen_at = at === undefined ? null : new Date(at).toISOString();
      return { user_id: id, status: this.#status(id), last_seen_at };
    });
  }

  forget(userId: string): void {
    this.#parts.store.forget(userId);
  }

  appended(): void {}

  doneThrough(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Leaves make an alarm only while somebody is there to be told; otherwise whoever comes next settles them. */
  nextAttempt(): number | undefined {
    const { connections, store } = this.#parts;
    const leave = this.#isOn && connections.size > 0 ? store.earliest : undefined;
    const times = [this.#roundAt, leave === undefined ? undefined : leave + GRACE_MS].filter((at) => at !== undefined);
    // Rounded up, so that many of them share few alarms.
    return times.length === 0 ? undefined : Math.ceil(Math.min(...times) / SPACING_MS) * SPACING_MS;
  }

  async run(): Promise<void> {
    const now = this.#parts.runtime.now();
    if (this.#isOn) this.#settle(now, 0);
    this.#round(now);
  }

  #left(connection: Connection): void {
    const { store, runtime, onSchedule } = this.#parts;
    if (!this.#isOn) return;
    const now = runtime.now();
    const heard = connection.lastHeard();
    // A line that fell silent was left when it was last heard, and has had its grace.
    const at = now - heard >= LIMITS.silenceSeconds * 1000 ? heard : now;
    store.left(connection.userId, { at, status: statusOf([connection]) });
    onSchedule();
  }

  /** Makes those offline whose grace is over. `arriving` connections are new and were told nothing yet. */
  #settle(now: number, arriving: number): void {
    const { connections, store } = this.#parts;
    const gone = store.settle(now - GRACE_MS);
    if (connections.size === arriving) return;
    for (const [userId, { status }] of gone) this.#note(userId, status);
  }

  /** The user was `before`, and may be something else now. */
  #note(userId: string, before: PresenceStatus): void {
    const { runtime } = this.#parts;
    if (!this.#told.has(userId)) this.#told.set(userId, { status: before, at: Number.NEGATIVE_INFINITY });
    this.#dirty.add(userId);
    if (this.#scheduled) return;
    this.#scheduled = true;
    runtime.defer(GATHER_MS, () => {
      this.#scheduled = false;
      this.#round(runtime.now());
    });
  }

  /** An answer is ahead of a change that waits: the next round tells of it even where it has been taken back by then. */
  #answered(userIds: readonly string[]): void {
    if (this.#dirty.size === 0) return;
    for (const id of userIds) {
      const told = this.#told.get(id);
      if (told !== undefined && told.status !== this.#status(id)) told.status = "mixed";
    }
  }

  /** Tells of every change that is still one and not too soon; the rest waits for the next round. */
  #round(now: number): void {
    this.#roundAt = undefined;
    const watchers = this.#dirty.size === 0 ? new Map<string, Connection[]>() : this.#parts.audience.watchers();
    let frames = 0;
    for (const userId of this.#dirty) {
      const told = this.#told.get(userId);
      const status = this.#status(userId);
      const due = frames >= ROUND_FRAMES ? now + SPACING_MS : (told?.at ?? 0) + SPACING_MS;
      if (this.#isOn && status !== told?.status && due > now) {
        this.#roundAt = Math.min(this.#roundAt ?? due, due);
        continue;
      }
      this.#dirty.delete(userId);
      if (!this.#isOn || status === told?.status) continue;
      frames += Math.max(LOOK_FRAMES, this.#publish(userId, watchers.get(userId) ?? []));
      this.#told.set(userId, { status, at: now });
    }
    for (const [userId, { at }] of this.#told) {
      if (at + SPACING_MS <= now && !this.#dirty.has(userId)) this.#told.delete(userId);
    }
    if (this.#roundAt !== undefined) this.#parts.onSchedule();
  }

  #publish(userId: string, watchers: readonly Connection[]): number {
    const recipients = this.#parts.audience.of(userId, watchers);
    if (recipients.size === 0) return 0;
    for (const data of this.#entries([userId])) {
      this.#parts.fanout.signalTo(recipients, encodeFrame({ type: "presence.update", data }));
    }
    return recipients.size;
  }

  #entries(userIds: readonly string[]): PresenceEntry[] {
    const { directory } = this.#parts;
    return this.of(userIds).map((one) => ({ ...one, external_id: directory.user(one.user_id)?.external_id || null }));
  }

  /** As others see the user: during the grace, as it was before. */
  #status(userId: string): PresenceStatus {
    const { connections, store, runtime } = this.#parts;
    const own = connections.of(userId);
    if (own.size > 0) return statusOf(own);
    const left = store.leaving.get(userId);
    return left !== undefined && left.at + GRACE_MS > runtime.now() ? left.status : "offline";
  }

  get #isOn(): boolean {
    return this.#parts.settings.current.presence;
  }
}

function statusOf(connections: Iterable<Connection>): "online" | "away" {
  for (const connection of connections) if (connection.state.away !== true) return "online";
  return "away";
}

import type { FrameUp } from "../protocol/frames-up.ts";
import type { Presence } from "../protocol/presence.ts";
import type { DataOf } from "./wire.ts";

/** Ids of the two questions, by which their answers are told apart. */
const QUERY = "presence.query";
const WATCH = "presence.watch";

/**
 * Who is there: people who share a channel of at most 100 members with the user, and whoever is watched. Once the app
 * listens it asks after each connect and after joining channels, and is told of changes in between.
 */
export class PresenceBook {
  readonly #send: (frame: FrameUp) => void;
  readonly #changed: (presence: Presence) => void;
  readonly #askAfterMs: number;
  readonly #users = new Map<string, Presence>();
  /** Internal ids of those who are watched. */
  #watched = new Set<string>();
  #wanted: string[] = [];
  #away = false;
  #isWanted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (frame: FrameUp) => void, changed: (presence: Presence) => void, askAfterMs: number) {
    this.#send = send;
    this.#changed = changed;
    this.#askAfterMs = askAfterMs;
  }

  /** The app wants to know: asks now where it did not before. */
  begin(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#ask();
  }

  /** By internal or external id; undefined for those of whom nothing is known, which mostly means offline. */
  get(userId: string): Presence | undefined {
    return this.#users.get(userId) ?? [...this.#users.values()].find((one) => one.external_id === userId);
  }

  /** Says whether somebody is at this device; kept over reconnects. */
  set(status: "online" | "away"): void {
    this.#away = status === "away";
    this.#send({ type: "presence.set", data: { status } });
  }

  /** Watches at most 50 users also of large channels, in place of those before; kept over reconnects. */
  watch(userIds: string[]): void {
    this.#wanted = userIds;
    this.#send({ type: WATCH, id: WATCH, data: { user_ids: userIds } });
  }

  /** A new connection knows nothing of what the last one said. */
  connected(): void {
    if (this.#away) this.set("away");
    if (this.#wanted.length > 0) this.watch(this.#wanted);
    if (this.#isWanted) this.#ask();
  }

  /** The user has joined a channel: asks once for all that come together, since the server answers once a second. */
  joined(): void {
    if (this.#isWanted) this.#timer ??= setTimeout(() => this.#ask(), this.#askAfterMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Takes an answer. Those who were there and are not in it any more have gone. */
  told({ users, truncated }: DataOf<"presence.state">, id: string | undefined): void {
    const named = new Set(users.map((presence) => presence.user_id));
    if (id === WATCH) this.#watched = named;
    for (const presence of users) this.update(presence);
    if (id !== QUERY || truncated) return;
    for (const known of this.#users.values()) {
      if (known.status === "offline" || named.has(known.user_id) || this.#watched.has(known.user_id)) continue;
      this.update({ ...known, status: "offline" });
    }
  }

  update(presence: Presence): void {
    const known = this.#users.get(presence.user_id);
    this.#users.set(presence.user_id, presence);
    if (known?.status !== presence.status || known.last_seen_at !== presence.last_seen_at) this.#changed(presence);
  }

  #ask(): void {
    this.stop();
    this.#send({ type: QUERY, id: QUERY });
  }
}

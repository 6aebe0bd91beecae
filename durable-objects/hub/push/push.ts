import { backOff } from "../../../src/domain/back-off.ts";
import type { PushSender, PushSource } from "../../../src/domain/hub-ports.ts";
import type { PushProfile } from "../../../src/domain/push.ts";
import type { Connections } from "../connections.ts";
import type { JournalConsumer } from "../consumer.ts";
import type { Directory } from "../directory.ts";
import type { Journal } from "../journal.ts";
import type { JournalEvent } from "../journal-rows.ts";
import type { HubRuntime, HubSql } from "../storage.ts";
import { Delivery, type PushJob } from "./delivery.ts";
import { PushOutbox } from "./outbox.ts";
import { PushPauses } from "./pauses.ts";
import { type Place, readPlace, storePlace } from "./place.ts";
import { PushProfiles } from "./profiles.ts";
import { type PushableMessage, pushable, wantsPush } from "./rules.ts";

/** Messages gather this long, so that who reads them at once is not pushed. */
const GATHER_MS = 250;
/** If the gathering is lost with the object's memory, an alarm does its work. */
const SAFETY_MS = 2_000;
/** What one run does at most; the next alarm goes on. */
const RUN_MEMBERS = 1_000;
const RUN_SENDS = 200;
const RUN_MS = 10_000;
const PAGE_EVENTS = 100;
const PAGE_MEMBERS = 250;
const BACK_OFF_BASE_MS = 1_000;
const BACK_OFF_CAP_MS = 60_000;

export interface PushParts {
  sql: HubSql;
  runtime: HubRuntime;
  journal: Journal;
  directory: Directory;
  connections: Connections;
  source: PushSource;
  sender: PushSender;
  /** Asks for the hub's alarm to be set anew. */
  onSchedule(): void;
}

/** What a run may still do. */
interface Allowance {
  members: number;
  sends: number;
  /** Unix milliseconds. */
  deadline: number;
}

/**
 * Pushes each new message to the devices of the members who do not have the channel open. Follows the journal with a
 * place of its own; a member is passed when each of its devices was served or waits in the outbox. At least once: a
 * second delivery of a message replaces the first on the device.
 */
export class Push implements JournalConsumer {
  readonly name = "push";
  readonly profiles: PushProfiles;
  readonly #parts: PushParts;
  readonly #outbox: PushOutbox;
  readonly #delivery: Delivery;
  #place: Place;
  /** Journal seq of the newest message. */
  #newest: number;
  /** Unix milliseconds at which an alarm must look at new messages. */
  #scanAt: number | undefined;
  /** Postgres was needed in vain: not before then. */
  #notBefore = 0;
  #failures = 0;
  #gathering = false;
  #running: Promise<void> | undefined;

  constructor(parts: PushParts) {
    const { sql, runtime, journal, source, sender } = parts;
    this.#parts = parts;
    this.profiles = new PushProfiles(sql, source);
    const pauses = new PushPauses(sql, runtime);
    const outbox = new PushOutbox(sql, runtime, pauses);
    this.#outbox = outbox;
    this.#delivery = new Delivery({ sender, source, runtime, profiles: this.profiles, outbox, pauses });
    const stored = readPlace(sql);
    this.#place = stored ?? { seq: journal.head, after: "" };
    if (stored === undefined) storePlace(sql, this.#place);
    this.#newest =
      sql.all<{ seq: number | null }>(
        `SELECT max(seq) AS seq FROM journal WHERE seq > ? AND type = 'message.created'`,
        this.#place.seq,
      )[0]?.seq ?? 0;
    this.#plan();
  }

  appended(event: JournalEvent): void {
    if (event.type !== "message.created") {
      this.#passIdle();
      return;
    }
    this.#newest = event.seq;
    if (this.#gathering) return;
    this.#gathering = true;
    this.#scanAt ??= this.#parts.runtime.now() + SAFETY_MS;
    this.#parts.onSchedule();
    this.#parts.runtime.defer(GATHER_MS, () => {
      this.#gathering = false;
      void this.run().then(() => this.#parts.onSchedule());
    });
  }

  nextAttempt(): number | undefined {
    const times = [this.#scanAt, this.#outbox.nextDue].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.max(Math.min(...times), this.#notBefore);
  }

  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  doneThrough(): number {
    return Math.min(this.#place.seq, (this.#outbox.oldest ?? Number.POSITIVE_INFINITY) - 1);
  }

  async #run(): Promise<void> {
    const { runtime } = this.#parts;
    const now = runtime.now();
    if (this.#notBefore > now) return;
    const allowance = { members: RUN_MEMBERS, sends: RUN_SENDS, deadline: now + RUN_MS };
    try {
      await this.#retry(allowance);
      await this.#scan(allowance);
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      this.#notBefore = runtime.now() + backOff(this.#failures, BACK_OFF_BASE_MS, BACK_OFF_CAP_MS, runtime.random());
      runtime.log("warn", "push.run_failed", { failures: this.#failures, error: String(error) });
    }
    this.#plan();
  }

  /** Tries what waits in the outbox again, where it is still wanted. */
  async #retry(allowance: Allowance): Promise<void> {
    const { runtime, journal, directory, connections } = this.#parts;
    if ((this.#outbox.nextDue ?? Number.POSITIVE_INFINITY) > runtime.now()) return;
    const owed = this.#outbox.due(allowance.sends);
    const users = [...new Set(owed.map((push) => push.userId))];
    const profiles = new Map((await this.profiles.of(users)).map((found) => [found.userId, found.profile]));
    const jobs: PushJob[] = [];
    for (const push of owed) {
      const event = journal.at(push.seq);
      const channel = event === undefined ? undefined : directory.channel(event.channelId);
      const message = pushable(event, channel, runtime.now());
      const profile = profiles.get(push.userId);
      const device = profile?.devices.find((one) => one.token === push.token);
      const isWanted =
        message !== undefined &&
        channel !== undefined &&
        profile != null &&
        wantsPush(message, channel, profile, connections.of(push.userId), runtime.now());
      if (isWanted && device !== undefined) jobs.push({ pushable: message, device, owed: push });
      else this.#outbox.remove(push);
    }
    allowance.sends -= jobs.length;
    await this.#delivery.deliver(jobs, allowance.deadline);
    this.#outbox.replan();
  }

  /** Takes up new messages, in order, until all are done or the allowance is used up. */
  async #scan(allowance: Allowance): Promise<void> {
    const { journal, sql } = this.#parts;
    const from = this.#place;
    try {
      while (this.#newest > this.#place.seq && this.#mayGoOn(allowance)) {
        const events = journal.read(this.#place.seq, PAGE_EVENTS);
        for (const event of events) {
          if (event.type === "message.created" && !(await this.#pushAll(event, allowance))) return;
          this.#place = { seq: event.seq, after: "" };
        }
        if (events.length === 0) this.#place = { seq: this.#newest, after: "" };
      }
    } finally {
      if (this.#place !== from) storePlace(sql, this.#place);
    }
  }

  /** Pushes one message to all members who want it. False where the allowance ended before. */
  async #pushAll(event: JournalEvent, allowance: Allowance): Promise<boolean> {
    const { runtime, directory, sql } = this.#parts;
    for (;;) {
      const message = pushable(event, directory.channel(event.channelId), runtime.now());
      if (message === undefined) return true;
      if (!this.#mayGoOn(allowance)) return false;
      const { after } = this.#place;
      const limit = Math.min(PAGE_MEMBERS, allowance.members);
      const page = await this.profiles.membersOf(event.channelId, after, event.userId, limit);
      const jobs: PushJob[] = [];
      for (const { userId, profile } of page) {
        if (jobs.length >= allowance.sends) break;
        if (profile != null) jobs.push(...this.#jobsOf(message, profile));
        allowance.members--;
        this.#place = { seq: event.seq - 1, after: userId };
      }
      allowance.sends -= jobs.length;
      await this.#delivery.deliver(jobs, allowance.deadline);
      if (page.length < limit && this.#place.after === (page.at(-1)?.userId ?? after)) return true;
      if (jobs.length > 0) storePlace(sql, this.#place);
    }
  }

  #jobsOf(message: PushableMessage, profile: PushProfile): PushJob[] {
    const { sender, directory, connections, runtime } = this.#parts;
    const { userId } = profile;
    const channel = directory.channel(message.event.channelId);
    if (channel === undefined) return [];
    if (!wantsPush(message, channel, profile, connections.of(userId), runtime.now())) return [];
    return profile.devices.flatMap((device) => {
      const lane = sender.laneOf(device);
      if (lane === undefined) return [];
      const owed = { seq: message.event.seq, userId, token: device.token, lane };
      return [{ pushable: message, device, owed }];
    });
  }

  #mayGoOn(allowance: Allowance): boolean {
    return allowance.members > 0 && allowance.sends > 0 && this.#parts.runtime.now() < allowance.deadline;
  }

  /** When nothing is to be pushed, events that are no messages are passed without a row, so that trimming can go on. */
  #passIdle(): void {
    if (this.#newest <= this.#place.seq) this.#place = { seq: this.#parts.journal.head, after: "" };
  }

  /** Sets when the next run is due. */
  #plan(): void {
    const { runtime } = this.#parts;
    this.#passIdle();
    if (this.#newest <= this.#place.seq) this.#scanAt = undefined;
    else this.#scanAt = runtime.now() + (this.#gathering ? SAFETY_MS : 0);
  }
}

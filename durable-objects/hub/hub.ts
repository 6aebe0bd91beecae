import { nextAlarm } from "../../src/domain/alarm.ts";
import type {
  ChannelChange,
  HubResult,
  HubStats,
  JournalPageRequest,
  ReceiptCommand,
  SendCommand,
  Settled,
  TailPage,
  UserProfile,
} from "../../src/domain/hub-contract.ts";
import type { Archive, BudgetStore, ChannelSource } from "../../src/domain/hub-ports.ts";
import type { SendRules } from "../../src/domain/send-rules.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { Message } from "../../src/protocol/message.ts";
import { Archiver } from "./archiver.ts";
import { MessageBudget } from "./budget.ts";
import { Changes } from "./changes.ts";
import type { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import type { JournalConsumer } from "./consumer.ts";
import { Directory } from "./directory.ts";
import { Fanout } from "./fanout.ts";
import { Journal, type JournalEvent } from "./journal.ts";
import { MessageChanges } from "./message-changes.ts";
import { MessageLookup } from "./message-lookup.ts";
import { Receipts } from "./receipts.ts";
import { Resume } from "./resume.ts";
import { migrate } from "./schema.ts";
import { Sender, type Sent } from "./send.ts";
import { SettingsStore } from "./settings-store.ts";
import type { HubRuntime, HubSql } from "./storage.ts";
import { Typing } from "./typing.ts";

export interface HubOptions {
  sql: HubSql;
  runtime: HubRuntime;
  archive: Archive;
  source: ChannelSource;
  budgetStore: BudgetStore | undefined;
  rules: SendRules;
  messagesPerMinute: number;
  /** 0 for no limit. */
  editWindowSeconds: number;
  retentionMs: number;
  consumers?: JournalConsumer[];
}

/** Events that one alarm trims; more follow in the next. */
const TRIM_EVENTS = 5_000;
const TRIM_SPACING_MS = 10_000;

/**
 * One workspace's sequencer: composes the parts over plain interfaces and answers the Worker's calls. Sockets are in
 * `session.ts`; the Durable Object around both is a shell.
 */
export class Hub {
  readonly connections = new Connections();
  readonly directory: Directory;
  readonly journal: Journal;
  readonly fanout: Fanout;
  readonly changes: Changes;
  readonly archiver: Archiver;
  readonly resume: Resume;
  readonly sender: Sender;
  readonly receipts: Receipts;
  readonly messageChanges: MessageChanges;
  readonly settings: SettingsStore;
  readonly typing: Typing;
  readonly #runtime: HubRuntime;
  readonly #consumers: JournalConsumer[];
  readonly #retentionMs: number;
  #alarmAt: number | undefined;
  #trimNotBefore = 0;

  constructor(options: HubOptions) {
    const { sql, runtime, archive, source, rules } = options;
    migrate(sql);
    this.#runtime = runtime;
    this.#consumers = options.consumers ?? [];
    this.#retentionMs = options.retentionMs;
    const directory = new Directory(sql);
    const journal = new Journal(sql, runtime);
    const fanout = new Fanout({ connections: this.connections, directory, journal, runtime });
    const onAppend = (event: JournalEvent) => this.#appended(event);
    const changes = new Changes({ directory, journal, fanout, source, onAppend });
    const lookup = new MessageLookup({ archive, settle: (channelId) => this.archiver.settle([channelId]) });
    this.archiver = new Archiver({
      journal,
      archive,
      runtime,
      onVersions: (versions) => this.#pullStale(versions),
      onSchedule: () => this.#wakeForArchive(),
    });
    const budget = new MessageBudget(options.messagesPerMinute, options.budgetStore);
    this.directory = directory;
    this.journal = journal;
    this.fanout = fanout;
    this.changes = changes;
    this.resume = new Resume({ directory, journal });
    this.sender = new Sender({ directory, changes, journal, fanout, budget, lookup, runtime, rules, onAppend });
    this.receipts = new Receipts({ directory, changes, journal, fanout, lookup, runtime, onAppend });
    this.messageChanges = new MessageChanges({
      directory,
      changes,
      journal,
      fanout,
      lookup,
      runtime,
      rules,
      editWindowSeconds: options.editWindowSeconds,
      onAppend,
    });
    this.settings = new SettingsStore(sql);
    this.typing = new Typing({ changes, fanout, runtime });
  }

  send(command: SendCommand): Promise<HubResult<Sent>> {
    return this.sender.send(command);
  }

  receipt(command: ReceiptCommand): Promise<HubResult<null>> {
    return this.receipts.apply(command);
  }

  async applyChannel(channelId: string, version: number, change?: ChannelChange): Promise<void> {
    await this.changes.apply(channelId, version, change);
  }

  applyUser(user: UserProfile): void {
    if (this.directory.knowsUser(user.id)) this.directory.putUsers([user]);
  }

  removeUser(userId: string): void {
    this.directory.deleteUser(userId);
    for (const connection of [...this.connections.of(userId)]) {
      connection.close("USER_REMOVED");
      this.connections.remove(connection);
    }
  }

  /** Waits until Postgres has what the reader is about to look at; `archived` is false where it cannot be had. */
  async settled(scope: { channel: string } | { userId: string }): Promise<Settled> {
    if ("userId" in scope) {
      const mine = this.directory.membershipsOf(scope.userId);
      const owed = [...this.archiver.unsettled].filter((id) => mine.has(id));
      return { archived: await this.archiver.settle(owed), lastSeq: 0, changed: undefined };
    }
    const channel = this.directory.channel(scope.channel);
    if (channel === undefined) return { archived: true, lastSeq: 0, changed: undefined };
    const { lastSeq } = channel;
    const seq = this.archiver.changedAt(channel.info.id);
    const changed = seq === undefined ? undefined : { epoch: this.journal.epoch, seq };
    return { archived: await this.archiver.settle([channel.info.id]), lastSeq, changed };
  }

  /** The newest messages that the journal still holds. */
  journalPage({ channel: ref, userId, before, limit }: JournalPageRequest): HubResult<TailPage> {
    const channel = this.directory.channel(ref);
    if (channel === undefined || channel.deleted) {
      return {
        ok: false,
        error: { code: "UPSTREAM_UNAVAILABLE", message: "the history does not answer", retryAfter: 2 },
      };
    }
    if (userId !== undefined && !channel.members.has(userId)) {
      return { ok: false, error: { code: "NOT_A_MEMBER", message: "the user is not a member" } };
    }
    const events = this.journal.newestMessages(channel.info.id, before ?? channel.lastSeq + 1, limit);
    const messages = events.map((event) => (JSON.parse(event.body) as { message: Message }).message);
    return { ok: true, value: { messages, hasMore: (messages.at(-1)?.seq ?? 1) > 1 } };
  }

  stats(): HubStats {
    const { epoch, head, archived, parked } = this.journal;
    return { epoch, head, archived, parked, connections: this.connections.size, users: this.connections.userCount };
  }

  /** A connection was opened: wake to look after it. */
  watch(connection: Connection): void {
    const now = this.#runtime.now();
    this.#wakeBy(Math.min(now + LIMITS.silenceSeconds * 1000, connection.state.tokenExpiresAt));
  }

  /** Does what is due and sets the next alarm. At least once, so everything here may be done twice. */
  async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    const now = this.#runtime.now();
    this.connections.closeOverdue(now);
    const attempt = this.archiver.nextAttempt(now);
    if (attempt !== undefined) await this.archiver.drain();
    for (const consumer of this.#consumers) {
      if ((consumer.nextAttempt(now) ?? Number.POSITIVE_INFINITY) <= now) await consumer.run();
    }
    this.journal.storeWatermark();
    const oldest = this.journal.oldestTrimmable();
    if (oldest !== undefined && oldest + this.#retentionMs <= now) {
      const needed = Math.min(...this.#consumers.map((consumer) => consumer.doneThrough()));
      this.journal.trim(now - this.#retentionMs, TRIM_EVENTS, needed);
      this.#trimNotBefore = now + TRIM_SPACING_MS;
    }
    this.#alarmAt = this.#earliest();
    if (this.#alarmAt !== undefined) this.#runtime.setAlarm(this.#alarmAt);
  }

  /** Adds a consumer that needs the hub's parts to be made. Call before anything is appended. */
  addConsumer(consumer: JournalConsumer): void {
    this.#consumers.push(consumer);
  }

  /** A consumer has something due: wake for it. */
  wakeForEffects(): void {
    const attempt = nextOf(this.#consumers, this.#runtime.now());
    if (attempt !== undefined) this.#wakeBy(attempt);
  }

  #appended(event: JournalEvent): void {
    this.archiver.appended(event);
    for (const consumer of this.#consumers) consumer.appended(event);
  }

  #wakeForArchive(): void {
    const attempt = this.archiver.nextAttempt(this.#runtime.now());
    if (attempt !== undefined) this.#wakeBy(attempt);
  }

  /** After a wake the stored alarm is not known, so all reasons count once. */
  #wakeBy(time: number): void {
    const at = this.#alarmAt === undefined ? Math.min(time, this.#earliest() ?? time) : time;
    if (this.#alarmAt !== undefined && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    this.#runtime.setAlarm(at);
  }

  #earliest(): number | undefined {
    const now = this.#runtime.now();
    const oldest = this.journal.oldestTrimmable();
    return nextAlarm(
      {
        connections: this.connections.nextCheck(now),
        archive: this.archiver.nextAttempt(now),
        effects: nextOf(this.#consumers, now),
        trim: oldest === undefined ? undefined : Math.max(oldest + this.#retentionMs, this.#trimNotBefore),
      },
      now,
    );
  }

  /** Postgres is ahead of the hub's copy where an earlier call to the hub was lost. */
  #pullStale(versions: ReadonlyMap<string, number>): void {
    for (const [channelId, version] of versions) {
      const channel = this.directory.channel(channelId);
      if (channel !== undefined && channel.version >= version) continue;
      this.changes.pull(channelId).catch((error: unknown) => {
        this.#runtime.log("warn", "channel.pull_failed", { channel_id: channelId, error: String(error) });
      });
    }
  }
}

function nextOf(consumers: readonly JournalConsumer[], now: number): number | undefined {
  const times = consumers.map((consumer) => consumer.nextAttempt(now)).filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

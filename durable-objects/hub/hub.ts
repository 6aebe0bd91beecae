import type {
  ChannelChange,
  ChannelSnapshot,
  HubResult,
  HubStats,
  JournalPageRequest,
  MessageRef,
  ReceiptCommand,
  SendCommand,
  Settled,
  SettledScope,
  TailPage,
  UserProfile,
} from "../../src/domain/hub-contract.ts";
import type {
  Archive,
  BudgetStore,
  ChannelSource,
  ErasureStore,
  FileStore,
  HistorySource,
  HookSender,
  PushSender,
  PushSource,
  RetentionStore,
  SettingsSource,
  WebhookSource,
} from "../../src/domain/hub-ports.ts";
import type { SendRules } from "../../src/domain/send-rules.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { ChangedMessage } from "../../src/protocol/message.ts";
import type { UserSummary } from "../../src/protocol/user.ts";
import { Alarms } from "./alarms.ts";
import { Archiver } from "./archiver.ts";
import { BeforeSendHook } from "./before-send.ts";
import { MessageBudget } from "./budget.ts";
import { Changes } from "./changes.ts";
import { CommitWait } from "./commit-wait.ts";
import type { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import type { JournalConsumer } from "./consumer.ts";
import { Directory } from "./directory.ts";
import { Erasure } from "./erasure.ts";
import { Fanout } from "./fanout.ts";
import { FileRemoval } from "./file-removal.ts";
import { HubHistory } from "./history/history.ts";
import { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";
import { MessageChanges } from "./message-changes.ts";
import { MessageLookup } from "./message-lookup.ts";
import { Moderator } from "./moderator.ts";
import { Mutes } from "./mutes.ts";
import { Neighbours } from "./neighbours.ts";
import { Presence } from "./presence.ts";
import { PresenceAudience } from "./presence-audience.ts";
import { PresenceStore } from "./presence-store.ts";
import { forgetPushes } from "./push/place.ts";
import { Push } from "./push/push.ts";
import { Reads } from "./reads.ts";
import { Receipts } from "./receipts.ts";
import { RecentAuthors } from "./recent-authors.ts";
import { Resume } from "./resume.ts";
import { Retention } from "./retention.ts";
import { migrate } from "./schema.ts";
import { Sender, type Sent } from "./send.ts";
import { SettingsStore } from "./settings-store.ts";
import type { HubRuntime, HubSql } from "./storage.ts";
import { StreamWriter } from "./stream-writer.ts";
import { Streams } from "./streams.ts";
import { Today } from "./today.ts";
import { Typing } from "./typing.ts";
import { Deliveries } from "./webhooks/deliveries.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

export interface HubOptions {
  sql: HubSql;
  runtime: HubRuntime;
  archive: Archive;
  source: ChannelSource;
  historySource: HistorySource;
  /** As few as a test needs. */
  storedBlocksPerChannel?: number | undefined;
  /** Without one a hub that heard of no settings keeps the defaults. */
  settingsSource?: SettingsSource;
  budgetStore: BudgetStore | undefined;
  rules: SendRules;
  messagesPerMinute: number;
  /** 0 for no limit. */
  editWindowSeconds: number;
  retentionMs: number;
  consumers?: JournalConsumer[];
  /** Undefined where no push service is configured. */
  push?: { source: PushSource; sender: PushSender } | undefined;
  /** Undefined where the hub erases nothing by itself. */
  privacy?: { erasure: ErasureStore; retention: RetentionStore; files: FileStore | undefined } | undefined;
  /** Undefined where the hub reaches no customers' servers. */
  hooks?: { workspaceId: string; source: WebhookSource; sender: HookSender } | undefined;
}

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
  readonly presence: Presence;
  readonly push: Push | undefined;
  readonly webhooks: Webhooks | undefined;
  readonly deliveries: Deliveries | undefined;
  readonly mutes: Mutes;
  readonly streams: Streams;
  readonly streamWriter: StreamWriter;
  readonly lookup: MessageLookup;
  readonly history: HubHistory;
  readonly files: FileRemoval | undefined;
  readonly erasure: Erasure | undefined;
  readonly retention: Retention | undefined;
  readonly #authors: RecentAuthors;
  readonly #today: Today;
  readonly #runtime: HubRuntime;
  readonly #consumers: JournalConsumer[];
  readonly #alarms: Alarms;
  readonly #reads: Reads;
  readonly #retentionMs: number;

  constructor(options: HubOptions) {
    const { sql, runtime, archive, source, rules } = options;
    migrate(sql);
    this.#runtime = runtime;
    this.#consumers = options.consumers ?? [];
    this.#retentionMs = options.retentionMs;
    const directory = new Directory(sql, (userId) => this.#profileChanged(userId));
    const journal = new Journal(sql, runtime);
    this.settings = new SettingsStore(sql, runtime, options.settingsSource);
    this.#today = new Today(journal, runtime);
    const commit = new CommitWait(() => runtime.durable());
    const sharesReceipts = () => this.settings.current.read_receipts;
    const fanout = new Fanout({ connections: this.connections, directory, journal, commit, runtime, sharesReceipts });
    const onAppend = (event: JournalEvent) => this.#appended(event);
    const onLearn = (snapshot: ChannelSnapshot) => this.mutes.learn(snapshot);
    const changes = new Changes({ directory, journal, fanout, source, onAppend, onLearn });
    const mutes = new Mutes({ sql, directory, changes, journal, fanout, runtime, onAppend });
    const moderationOf = () => this.settings.current.moderation;
    const moderator = new Moderator({ journal, fanout, mutes, runtime, settings: moderationOf, onAppend });
    this.mutes = mutes;
    const lookup = new MessageLookup({
      archive,
      journal,
      settle: (channelId) => this.archiver.settle([channelId]),
      liveText: (messageId) => this.streams.shownText(messageId),
    });
    this.archiver = new Archiver({
      journal,
      archive,
      runtime,
      onVersions: (versions) => this.#pullStale(versions),
      onRewind: () => this.history.clear(),
      onSchedule: () => this.#alarms.wakeForArchive(),
    });
    this.#alarms = new Alarms({
      runtime,
      connections: this.connections,
      journal,
      archiver: this.archiver,
      consumers: this.#consumers,
      journalMs: () => this.#journalMs,
    });
    const budget = new MessageBudget(options.messagesPerMinute, options.budgetStore, runtime);
    this.directory = directory;
    this.journal = journal;
    this.fanout = fanout;
    this.changes = changes;
    this.streams = new Streams({
      sql,
      directory,
      journal,
      fanout,
      connections: this.connections,
      lookup,
      moderator,
      runtime,
      onAppend,
      onSchedule: () => this.#alarms.wakeForEffects(),
    });
    this.#consumers.push(this.streams);
    this.streamWriter = new StreamWriter({
      directory,
      changes,
      lookup,
      streams: this.streams,
      mutes,
      runtime,
      rules,
    });
    this.lookup = lookup;
    this.history = new HubHistory({
      sql,
      runtime,
      directory,
      journal,
      lookup,
      source: options.historySource,
      storedBlocksPerChannel: options.storedBlocksPerChannel,
      learn: (ref) => changes.resolve(ref),
    });
    this.#reads = new Reads({ directory, journal, archiver: this.archiver, lookup, streams: this.streams });
    this.resume = new Resume({
      directory,
      journal,
      sharesReceipts,
      onLive: (connection) => this.streams.catchUp(connection),
    });
    const { hooks } = options;
    const hook = hooks && new BeforeSendHook({ ...hooks, runtime, settings: () => this.settings.current });
    this.sender = new Sender({
      directory,
      changes,
      journal,
      fanout,
      budget,
      lookup,
      streams: this.streams,
      mutes,
      moderator,
      hook,
      commit,
      runtime,
      rules,
      onAppend: (event, message) => {
        this.history.created(event, message);
        this.#appended(event);
      },
    });
    const { privacy } = options;
    const settle = () => this.archiver.settle([...this.archiver.unsettled]);
    const wake = () => this.#alarms.wakeForEffects();
    this.files =
      privacy?.files && new FileRemoval({ sql, runtime, files: privacy.files, journal, settle, onSchedule: wake });
    this.erasure =
      privacy &&
      new Erasure({
        sql,
        runtime,
        journal,
        directory,
        fanout,
        changes,
        lookup,
        store: privacy.erasure,
        files: this.files,
        settle,
        removeUser: (userId) => this.removeUser(userId),
        onAppend,
        onSchedule: wake,
      });
    this.retention =
      privacy &&
      new Retention({
        sql,
        runtime,
        settings: this.settings,
        lookup,
        store: privacy.retention,
        files: this.files,
        onExpired: (channelIds) => this.history.expired(channelIds),
        onSchedule: wake,
      });
    for (const consumer of [this.files, this.erasure, this.retention]) {
      if (consumer !== undefined) this.#consumers.push(consumer);
    }
    this.#authors = new RecentAuthors(sql);
    this.receipts = new Receipts({
      directory,
      changes,
      journal,
      fanout,
      lookup,
      authors: this.#authors,
      runtime,
      sharesReceipts,
      onAppend,
    });
    this.messageChanges = new MessageChanges({
      directory,
      changes,
      journal,
      fanout,
      lookup,
      mutes,
      moderator,
      runtime,
      rules,
      editWindowSeconds: options.editWindowSeconds,
      onAppend,
      onFileGone: (url) => this.files?.add(url, null),
    });
    const { connections } = this;
    const onSchedule = () => this.#alarms.wakeForEffects();
    this.push =
      options.push && new Push({ sql, runtime, journal, directory, connections, onSchedule, ...options.push });
    if (this.push === undefined) forgetPushes(sql);
    else this.#consumers.push(this.push);
    this.webhooks = hooks && new Webhooks({ sql, runtime, journal, directory, onSchedule, ...hooks });
    if (this.webhooks !== undefined) this.#consumers.push(this.webhooks);
    this.deliveries = this.webhooks && new Deliveries({ webhooks: this.webhooks, journal, runtime });
    this.typing = new Typing({ changes, fanout, runtime, settings: this.settings });
    const neighbours = new Neighbours(sql);
    this.presence = new Presence({
      connections: this.connections,
      directory,
      neighbours,
      audience: new PresenceAudience(this.connections, neighbours),
      store: new PresenceStore(sql),
      fanout,
      settings: this.settings,
      runtime,
      onSchedule: () => this.#alarms.wakeForEffects(),
    });
    this.#consumers.push(this.presence);
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
    // Somebody who left before this hub came to be, and whose messages it may show.
    else this.#profileChanged(user.id, user);
  }

  /** Devices, mutes or blocks of users have changed in Postgres. */
  pushChanged(userIds: readonly string[]): void {
    this.push?.profiles.changed(userIds);
    this.history.blocksChanged(userIds);
  }

  removeUser(userId: string): void {
    this.pushChanged([userId]);
    this.directory.deleteUser(userId);
    for (const connection of [...this.connections.of(userId)]) {
      connection.close("USER_REMOVED");
      this.connections.remove(connection);
    }
    this.presence.forget(userId);
    this.webhooks?.forgetUser(userId);
  }

  settled(scope: SettledScope): Promise<Settled> {
    return this.#reads.settled(scope);
  }

  currentMessages(refs: readonly MessageRef[]): Promise<ChangedMessage[]> {
    return this.#reads.currentMessages(refs);
  }

  journalPage(request: JournalPageRequest): HubResult<TailPage> {
    return this.#reads.journalPage(request);
  }

  stats(): HubStats {
    const { epoch, head, archived, parked } = this.journal;
    const { size: connections, userCount: users } = this.connections;
    return { epoch, head, archived, parked, connections, users, messagesToday: this.#today.messages };
  }

  /** A connection was opened: wake to look after it. */
  watch(connection: Connection): void {
    const silent = this.#runtime.now() + LIMITS.silenceSeconds * 1000;
    this.#alarms.wakeBy(Math.min(silent, connection.state.tokenExpiresAt));
  }

  alarm(): Promise<void> {
    return this.#alarms.run();
  }

  /** Milliseconds that the journal keeps events: no longer than the workspace keeps messages. */
  get #journalMs(): number {
    return Math.min(this.#retentionMs, this.retention?.keepMs ?? Number.POSITIVE_INFINITY);
  }

  /** What shows a user shows it as it is now. Without a profile that is the directory's, and nothing of who is gone. */
  #profileChanged(userId: string, profile?: UserSummary): void {
    const shown = profile ?? (this.directory.isDeletedUser(userId) ? undefined : this.directory.user(userId));
    this.lookup.renamed({
      id: userId,
      external_id: shown?.external_id ?? null,
      name: shown?.name ?? "",
      avatar_url: shown?.avatar_url ?? null,
    });
    this.history.profileChanged(userId);
  }

  #appended(event: JournalEvent): void {
    this.archiver.appended(event);
    this.history.appended(event);
    this.#today.appended(event);
    this.#authors.appended(event);
    for (const consumer of this.#consumers) consumer.appended(event);
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

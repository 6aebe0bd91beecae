import { DatabaseSync } from "node:sqlite";
import type { ConnectionState, HubSocket } from "../../durable-objects/hub/connection.ts";
import { Hub, type HubOptions } from "../../durable-objects/hub/hub.ts";
import { Sessions } from "../../durable-objects/hub/session.ts";
import type { HubRuntime, HubSql, SqlValue } from "../../durable-objects/hub/storage.ts";
import type { ChannelChange, ChannelSnapshot, SendCommand, UserProfile } from "../../src/domain/hub-contract.ts";
import {
  type Archive,
  type ArchiveBatch,
  type ArchivedMessage,
  ArchiveRejected,
  type BudgetStore,
  type HistorySource,
  type NeutralMessage,
  type StoredMessage,
} from "../../src/domain/hub-ports.ts";
import { quote } from "../../src/domain/quote.ts";
import type { FrameDown } from "../../src/protocol/frames-down.ts";
import { changedMessageSchema, type Message } from "../../src/protocol/message.ts";

/** A real SQLite, as the object has one. */
export function nodeSql(): HubSql {
  const db = new DatabaseSync(":memory:");
  const statements = new Map<string, ReturnType<typeof db.prepare>>();
  const prepared = (query: string) => {
    const known = statements.get(query);
    if (known !== undefined) return known;
    const fresh = db.prepare(query);
    statements.set(query, fresh);
    return fresh;
  };
  return {
    all: <Row>(query: string, ...params: SqlValue[]) =>
      prepared(query)
        .all(...params.map(bound))
        .map(read) as Row[],
    run: (query, ...params) => void prepared(query).run(...params.map(bound)),
    transaction(work) {
      db.exec("BEGIN");
      try {
        const result = work();
        db.exec("COMMIT");
        return result;
      } catch (error) {
        db.exec("ROLLBACK");
        throw error;
      }
    },
  };
}

/** A parameter as Node's SQLite takes it. */
function bound(value: SqlValue) {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

/** A row with bytes as the object's SQLite gives them. */
function read(row: Record<string, unknown>): Record<string, unknown> {
  const values = Object.entries(row).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? value.slice().buffer : value,
  ]);
  return Object.fromEntries(values);
}

/** Time that moves only when told, with the timers and the alarm of one object. */
export class FakeRuntime implements HubRuntime {
  time = Date.UTC(2026, 0, 1);
  alarmAt: number | undefined;
  readonly logs: { level: string; event: string; fields?: Record<string, unknown> }[] = [];
  #timers: { at: number; work: () => void }[] = [];

  now = () => this.time;
  /** A commit takes a turn, as it does in the object. */
  durable = () => settleMicrotasks();
  random = () => Math.random();
  defer = (ms: number, work: () => void) => {
    if (ms > 250) throw new Error(`a timer of ${ms} ms keeps the object awake`);
    this.#timers.push({ at: this.time + ms, work });
  };
  setAlarm = (at: number) => {
    this.alarmAt = at;
  };
  log = (level: "info" | "warn" | "error", event: string, fields?: Record<string, unknown>) => {
    this.logs.push(fields === undefined ? { level, event } : { level, event, fields });
  };

  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Moves time on, running timers that fall due, and lets promises settle. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settleMicrotasks();
      const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.time = Math.max(this.time, next.at);
      next.work();
    }
    this.time = end;
    await settleMicrotasks();
  }
}

/** Lets everything that only waits for promises finish. */
export function settleMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** One client's end: what it was sent, and how it was closed. */
export class FakeSocket implements HubSocket {
  readonly frames: FrameDown[] = [];
  stored: ConnectionState | undefined;
  closedWith: number | undefined;
  autoResponse: number | undefined;

  send(text: string): void {
    if (this.closedWith !== undefined) throw new Error("closed");
    this.frames.push(JSON.parse(text) as FrameDown);
  }
  close(code: number): void {
    this.closedWith = code;
  }
  store(state: ConnectionState): void {
    this.stored = structuredClone(state);
  }
  lastAutoResponse(): number | undefined {
    return this.autoResponse;
  }

  of<Type extends FrameDown["type"]>(type: Type): Extract<FrameDown, { type: Type }>[] {
    return this.frames.filter((frame): frame is Extract<FrameDown, { type: Type }> => frame.type === type);
  }
  get messages(): Message[] {
    return this.of("message.created").map((frame) => frame.data.message);
  }
}

/** Stands for Postgres in engine tests; the whole-stack tests use the real one. */
export class MemoryArchive implements Archive {
  up = true;
  /** Message ids that are refused for good. */
  readonly refused = new Set<string>();
  readonly rows: ArchivedMessage[] = [];
  readonly batches: ArchiveBatch[] = [];
  readonly reactions = new Map<string, Map<string, string>>();
  versions = new Map<string, number>();
  watermark: { epoch: string; seq: number } | undefined;
  writes = 0;
  /** A write that was applied but whose answer gets lost. */
  loseAnswers = 0;

  async write(batch: ArchiveBatch) {
    this.writes++;
    if (!this.up) throw new Error("connection refused");
    const bad = batch.messages.find((message) => this.refused.has(message.content));
    if (bad !== undefined) throw new ArchiveRejected("23505");
    const before = this.watermark;
    if (before?.epoch === batch.epoch && before.seq >= batch.firstSeq) {
      return { applied: false, versions: this.versions, before };
    }
    this.batches.push(batch);
    for (const message of batch.messages) {
      const at = this.rows.findIndex((row) => row.id === message.id);
      if (at === -1) this.rows.push(message);
      else this.rows[at] = message;
    }
    for (const { message_id: id, user_id: userId, emoji } of batch.reactions) {
      const own = this.reactions.get(id) ?? new Map<string, string>();
      this.reactions.set(id, own);
      if (emoji === null) own.delete(userId);
      else own.set(userId, emoji);
    }
    this.watermark = { epoch: batch.epoch, seq: batch.lastSeq };
    if (this.loseAnswers > 0) {
      this.loseAnswers--;
      throw new Error("socket hang up");
    }
    return { applied: true, versions: this.versions, before };
  }

  async findMessage(channelId: string, messageId: string): Promise<StoredMessage | undefined> {
    if (!this.up) throw new Error("connection refused");
    const row = this.rows.find((one) => one.id === messageId && one.channel_id === channelId);
    if (row === undefined) return undefined;
    return {
      message: changedMessageSchema().parse(row),
      reactions: Object.fromEntries(this.reactions.get(messageId) ?? []),
    };
  }
}

/** What `MemoryArchive` has, as readers of Postgres would be told it. */
export class MemoryHistory implements HistorySource {
  /** First seqs of the ranges that were read. */
  readonly reads: number[] = [];
  /** Users who block somebody. */
  readonly blocking = new Set<string>();
  /** User id → name, where it is another one than when they wrote. */
  readonly names = new Map<string, string>();
  /** Holds an answer back, after it was read, until the returned promise resolves. */
  delay: (() => Promise<void>) | undefined;
  readonly #archive: MemoryArchive;

  constructor(archive: MemoryArchive) {
    this.#archive = archive;
  }

  async read(channelId: string, from: number, below: number) {
    if (!this.#archive.up) throw new Error("connection refused");
    this.reads.push(from);
    const found = this.now(channelId, from, below);
    await this.delay?.();
    return found;
  }

  async isBlocking(userId: string): Promise<boolean> {
    if (!this.#archive.up) throw new Error("connection refused");
    const is = this.blocking.has(userId);
    await this.delay?.();
    return is;
  }

  async blockers(limit: number): Promise<string[]> {
    if (!this.#archive.up) throw new Error("connection refused");
    const all = [...this.blocking].slice(0, limit);
    await this.delay?.();
    return all;
  }

  /** What a read would find now. */
  now(channelId: string, from: number, below: number) {
    const rows = this.#archive.rows.filter((row) => row.channel_id === channelId).sort((a, b) => b.seq - a.seq);
    const messages = rows
      .filter(({ seq }) => seq >= from && seq < below)
      .map((row) => this.#neutral(structuredClone(row)));
    const written = this.#archive.batches.flatMap((batch) => batch.messages);
    // Also of messages that have ended since.
    const lastSeq = Math.max(0, ...written.filter((row) => row.channel_id === channelId).map(({ seq }) => seq));
    return { messages, lastSeq };
  }

  #neutral({ client_id: clientId, ...row }: ArchivedMessage): NeutralMessage {
    const { rows } = this.#archive;
    const reactors: Record<string, string[]> = {};
    // Postgres removes the reactions to what is unsent.
    for (const [userId, emoji] of (row.deleted_at === null && this.#archive.reactions.get(row.id)) || []) {
      reactors[emoji] = [...(reactors[emoji] ?? []), userId];
    }
    const replies = rows
      .filter((one) => one.thread_root_id === row.id && one.deleted_at === null)
      .sort((a, b) => b.seq - a.seq);
    const repliers = new Map(replies.map(({ user }) => [user?.id, this.#renamed(user)]));
    const quoted = rows.find((one) => one.id === row.parent_id);
    const message: Message = {
      ...row,
      user: this.#renamed(row.user),
      ...(quoted === undefined ? {} : { quoted_message: quote({ ...quoted, user: this.#renamed(quoted.user) }) }),
      reactions: Object.entries(reactors).map(([emoji, users]) => ({
        emoji,
        count: users.length,
        reacted_by_me: false,
      })),
      reply_count: replies.length,
      last_repliers: [...repliers.values()].filter((user) => user !== null).slice(0, 3),
    };
    return { message, clientId, reactors };
  }

  #renamed(user: Message["user"]): Message["user"] {
    return user && { ...user, name: this.names.get(user.id) ?? user.name };
  }
}

export interface RigOptions {
  sql?: HubSql;
  runtime?: FakeRuntime;
  archive?: MemoryArchive;
  history?: MemoryHistory;
  storedBlocksPerChannel?: number | undefined;
  snapshots?: Map<string, ChannelSnapshot>;
  budgetStore?: BudgetStore;
  messagesPerMinute?: number;
  editWindowSeconds?: number;
  push?: HubOptions["push"];
  settingsSource?: HubOptions["settingsSource"];
  hooks?: HubOptions["hooks"];
  privacy?: HubOptions["privacy"];
}

/** A hub with everything around it in memory. Pass the parts of another one to wake it up again on the same storage. */
export function createRig(options: RigOptions = {}) {
  const sql = options.sql ?? nodeSql();
  const runtime = options.runtime ?? new FakeRuntime();
  const archive = options.archive ?? new MemoryArchive();
  const snapshots = options.snapshots ?? new Map<string, ChannelSnapshot>();
  const loads: string[] = [];
  const history = options.history ?? new MemoryHistory(archive);
  const hub = new Hub({
    sql,
    runtime,
    archive,
    source: {
      async load(ref) {
        loads.push(ref);
        if (!archive.up) throw new Error("connection refused");
        const found = [...snapshots.values()].find(({ channel }) => channel.id === ref || channel.external_id === ref);
        return found === undefined ? undefined : structuredClone(found);
      },
    },
    historySource: history,
    storedBlocksPerChannel: options.storedBlocksPerChannel,
    budgetStore: options.budgetStore,
    rules: {
      maxMessageBytes: 8 * 1024,
      maxAttachmentBytes: 1024 * 1024,
      attachmentTypes: ["image/*", "application/pdf"],
      s3PublicUrl: "https://files.example.test/chat",
    },
    messagesPerMinute: options.messagesPerMinute ?? 1_000_000,
    editWindowSeconds: options.editWindowSeconds ?? 0,
    retentionMs: 24 * 3_600_000,
    push: options.push,
    ...(options.settingsSource === undefined ? {} : { settingsSource: options.settingsSource }),
    hooks: options.hooks,
    privacy: options.privacy,
  });
  const sessions = new Sessions(hub, runtime);
  return {
    sql,
    runtime,
    archive,
    snapshots,
    loads,
    history,
    storedBlocksPerChannel: options.storedBlocksPerChannel,
    hub,
    sessions,
    /** Opens a session; the held quarter second is over unless `held`. */
    async connect(userId: string, { held = false, acceptsBatches = false } = {}) {
      const socket = new FakeSocket();
      const identity = {
        userId,
        workspaceId: WORKSPACE,
        tokenExpiresAt: runtime.time + 24 * 3_600_000,
        acceptsBatches,
      };
      const connection = sessions.open(socket, identity);
      if (!held) await runtime.advance(300);
      const say = async (frame: unknown) => {
        if (connection !== undefined)
          await sessions.receive(connection, typeof frame === "string" ? frame : JSON.stringify(frame));
      };
      return { socket, connection, say };
    },
    async send(
      channel: string,
      userId: string,
      content: string,
      more: Partial<SendCommand["body"]> = {},
    ): Promise<Message> {
      const sent = await hub.send({ channel, sender: { userId }, body: { content, ...more } });
      if (!sent.ok) throw new Error(`${sent.error.code}: ${sent.error.message}`);
      return JSON.parse(sent.value.messageJson) as Message;
    },
  };
}

export const WORKSPACE = "0190a000-0000-7000-8000-000000000000";

/** A UUID that names its kind and number, so that failures can be read. */
export function uuid(kind: "user" | "channel", n: number): string {
  return `0190a000-0000-7000-${kind === "user" ? "8001" : "8002"}-${n.toString(16).padStart(12, "0")}`;
}

export function profile(n: number): UserProfile {
  return { id: uuid("user", n), external_id: `user-${n}`, name: `User ${n}`, avatar_url: null, version: 1 };
}

/** The creation of group `n` by user 1 with users 1 … `members`. */
export function creation(n: number, members: number): ChannelChange {
  const time = "2026-01-01T00:00:00.000Z";
  const users = Array.from({ length: members }, (_, index) => profile(index + 1));
  return {
    channel: {
      id: uuid("channel", n),
      external_id: `channel-${n}`,
      type: "group",
      name: `Channel ${n}`,
      avatar_url: null,
      created_by: uuid("user", 1),
      created_at: time,
      updated_at: time,
    },
    version: 1,
    deleted: false,
    updated: false,
    users,
    joined: users.map((user, index) => ({
      user_id: user.id,
      role: index === 0 ? "admin" : "member",
      joined_at: time,
    })),
    roleChanged: [],
    left: [],
  };
}

import { DurableObject } from "cloudflare:workers";
import { postgresArchive } from "../src/data/archive.ts";
import { isAttachmentUsed } from "../src/data/attachment-use.ts";
import { postgresChannelSource } from "../src/data/channel-snapshot.ts";
import { openDatabase } from "../src/data/db.ts";
import { postgresPushSource } from "../src/data/devices.ts";
import { postgresErasure } from "../src/data/erasure.ts";
import { postgresHistorySource } from "../src/data/history-source.ts";
import { postgresRetention } from "../src/data/retention.ts";
import { postgresWebhookSource } from "../src/data/webhooks.ts";
import { postgresSettingsSource } from "../src/data/workspace-settings.ts";
import type {
  ChannelChange,
  DeliveryQuery,
  EditCommand,
  ErasureProgress,
  HubResult,
  HubRpc,
  HubStats,
  JournalPageRequest,
  MessageRef,
  MuteCommand,
  NumberedDelivery,
  PinCommand,
  PresenceOf,
  ReactCommand,
  ReceiptCommand,
  SendCommand,
  SendOutcome,
  Settled,
  SettledScope,
  StreamAppendCommand,
  StreamEndCommand,
  TailPage,
  UnsendCommand,
  UserProfile,
  WebhookSnapshot,
} from "../src/domain/hub-contract.ts";
import { heldPageRequestOf, heldPageResponse } from "../src/platform/held-page-exchange.ts";
import { fetchHookSender } from "../src/platform/hook-sender.ts";
import { logEvent } from "../src/platform/log.ts";
import { messageBudgetStore } from "../src/platform/message-budget.ts";
import { ObjectStore } from "../src/platform/object-store.ts";
import { pushSender } from "../src/platform/push/sender.ts";
import { type Env, settingsOf } from "../src/platform/settings.ts";
import { PING_TEXT, PONG_TEXT } from "../src/protocol/frames-up.ts";
import { LIMITS } from "../src/protocol/limits.ts";
import type { ChangedMessage, Message } from "../src/protocol/message.ts";
import type { StreamPlace } from "../src/protocol/stream.ts";
import type { User } from "../src/protocol/user.ts";
import type { WebhookDelivery } from "../src/protocol/webhook.ts";
import type { WorkspaceSettings } from "../src/protocol/workspace.ts";
import type { Connection, ConnectionState } from "./hub/connection.ts";
import { Hub } from "./hub/hub.ts";
import { unavailable } from "./hub/inbound.ts";
import { Sessions } from "./hub/session.ts";
import { durableSql, forgetState, HibernatingSocket } from "./platform.ts";

/** One per workspace: its sequencer and its sockets. A shell that brings storage, sockets and clock to `hub/`. */
export class WorkspaceHub extends DurableObject<Env> implements HubRpc {
  readonly #hub: Hub;
  readonly #sessions: Sessions;
  readonly #connections = new Map<WebSocket, Connection>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const settings = settingsOf(env);
    const workspaceId = ctx.id.name ?? "";
    const db = openDatabase(settings);
    const sender = pushSender(settings);
    const store = settings.objectStore && new ObjectStore(settings.objectStore);
    const runtime = {
      now: () => Date.now(),
      defer: (ms: number, work: () => void) => void setTimeout(work, ms),
      setAlarm: (at: number) => void ctx.storage.setAlarm(at),
      durable: () => ctx.storage.sync(),
      random: () => Math.random(),
      log: (level: "info" | "warn" | "error", event: string, fields?: Record<string, unknown>) =>
        logEvent(level, event, { workspace_id: workspaceId, ...fields }),
    };
    this.#hub = new Hub({
      sql: durableSql(ctx.storage),
      runtime,
      archive: postgresArchive(db, workspaceId),
      source: postgresChannelSource(db, workspaceId),
      historySource: postgresHistorySource(db, workspaceId),
      settingsSource: postgresSettingsSource(db, workspaceId),
      budgetStore: messageBudgetStore(settings, workspaceId),
      rules: settings,
      messagesPerMinute: settings.messagesPerMinute,
      editWindowSeconds: settings.editWindowSeconds,
      retentionMs: settings.journalRetentionHours * 3_600_000,
      privacy: {
        erasure: postgresErasure(db, workspaceId),
        retention: postgresRetention(db, workspaceId),
        files: store && {
          owns: (url) => store.owns(workspaceId, url),
          isUsed: (url) => isAttachmentUsed(db, url),
          remove: (url) => store.remove(url),
        },
      },
      hooks: { workspaceId, source: postgresWebhookSource(db, workspaceId), sender: fetchHookSender(settings) },
      push: sender && { sender, source: postgresPushSource(db, workspaceId) },
    });
    this.#sessions = new Sessions(this.#hub, runtime);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING_TEXT, PONG_TEXT));
    // One whose end woke the object is not among them: see `#forget`.
    for (const socket of ctx.getWebSockets()) {
      const connection = this.#restore(socket);
      if (connection !== undefined) this.#connections.set(socket, connection);
    }
  }

  /** A WebSocket upgrade or a page of history. Who asks, the Worker has verified. */
  override async fetch(request: Request): Promise<Response> {
    const page = heldPageRequestOf(request.url);
    if (page !== undefined) return heldPageResponse(await this.#hub.history.page(page));
    // During a deploy the Worker may be newer than this.
    return request.headers.get("upgrade") === "websocket"
      ? this.#upgrade(request)
      : new Response(null, { status: 404 });
  }

  #upgrade(request: Request): Response {
    if (this.#hub.connections.size >= LIMITS.connectionsPerHub) return new Response(null, { status: 503 });
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const connection = this.#sessions.open(HibernatingSocket.accepted(this.ctx, server), {
      userId: request.headers.get("x-kabar-user-id") ?? "",
      workspaceId: request.headers.get("x-kabar-workspace-id") ?? "",
      tokenExpiresAt: Number(request.headers.get("x-kabar-token-exp")) * 1000,
      acceptsBatches: request.headers.get("x-kabar-batch") === "1",
    });
    if (connection !== undefined) this.#connections.set(server, connection);
    return new Response(null, { status: 101, webSocket: client });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) await this.#sessions.receive(connection, message);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#forget(socket);
    try {
      // Codes that mean "no close frame" may not be sent back.
      socket.close(code === 1005 || code === 1006 || code === 1015 ? 1000 : code);
    } catch {
      // Closed already.
    }
  }

  override webSocketError(socket: WebSocket): void {
    this.#forget(socket);
  }

  override alarm(): Promise<void> {
    return this.#hub.alarm();
  }

  sendMessage(command: SendCommand): Promise<HubResult<SendOutcome>> {
    return this.#guarded(async () => {
      const sent = await this.#hub.send(command);
      if (!sent.ok) return sent;
      const { messageJson, clientId, replayed } = sent.value;
      const message = JSON.parse(messageJson) as Message;
      return {
        ok: true,
        value: { message: clientId === null ? message : { ...message, client_id: clientId }, replayed },
      };
    });
  }

  editMessage(command: EditCommand): Promise<HubResult<ChangedMessage>> {
    return this.#guarded(() => this.#hub.messageChanges.edit(command));
  }

  unsendMessage(command: UnsendCommand): Promise<HubResult<ChangedMessage>> {
    return this.#guarded(() => this.#hub.messageChanges.unsend(command));
  }

  react(command: ReactCommand): Promise<HubResult<null>> {
    return this.#guarded(() => this.#hub.messageChanges.react(command));
  }

  pinMessage(command: PinCommand): Promise<HubResult<ChangedMessage>> {
    return this.#guarded(() => this.#hub.messageChanges.pin(command));
  }

  appendStream(command: StreamAppendCommand): Promise<HubResult<StreamPlace>> {
    return this.#guarded(() => this.#hub.streamWriter.append(command));
  }

  endStream(command: StreamEndCommand): Promise<HubResult<ChangedMessage>> {
    return this.#guarded(() => this.#hub.streamWriter.end(command));
  }

  currentMessages(refs: MessageRef[]): Promise<HubResult<ChangedMessage[]>> {
    return this.#guarded(async () => ({ ok: true, value: await this.#hub.currentMessages(refs) }));
  }

  muteMember(command: MuteCommand): Promise<HubResult<null>> {
    return this.#guarded(() => this.#hub.mutes.set(command));
  }

  async applySettings(version: number, settings: WorkspaceSettings): Promise<HubResult<null>> {
    this.#hub.settings.apply(version, settings);
    this.#hub.retention?.restart();
    return { ok: true, value: null };
  }

  receipt(command: ReceiptCommand): Promise<HubResult<null>> {
    return this.#guarded(() => this.#hub.receipt(command));
  }

  applyChannel(channelId: string, version: number, change?: ChannelChange): Promise<HubResult<null>> {
    return this.#guarded(async () => {
      await this.#hub.applyChannel(channelId, version, change);
      return { ok: true, value: null };
    });
  }

  async applyUser(user: UserProfile): Promise<HubResult<null>> {
    this.#hub.applyUser(user);
    return { ok: true, value: null };
  }

  async pushChanged(userIds: string[]): Promise<HubResult<null>> {
    this.#hub.pushChanged(userIds);
    return { ok: true, value: null };
  }

  eraseUser(userId: string, externalId: string | null): Promise<HubResult<ErasureProgress>> {
    return this.#guarded(async () => ({ ok: true, value: await this.#erasure.start(userId, externalId) }));
  }

  async erasure(ref: string): Promise<HubResult<ErasureProgress | null>> {
    return { ok: true, value: this.#erasure.find(ref) ?? null };
  }

  async removeUser(userId: string): Promise<HubResult<null>> {
    this.#hub.removeUser(userId);
    return { ok: true, value: null };
  }

  settled(scope: SettledScope): Promise<Settled> {
    return this.#hub.settled(scope);
  }

  async journalPage(request: JournalPageRequest): Promise<HubResult<TailPage>> {
    return this.#hub.journalPage(request);
  }

  async presenceOf(userIds: string[]): Promise<HubResult<PresenceOf[]>> {
    return { ok: true, value: this.#hub.presence.of(userIds) };
  }

  applyWebhooks(snapshot: WebhookSnapshot): Promise<HubResult<null>> {
    return this.#guarded(async () => {
      this.#hooks.webhooks.apply(snapshot);
      return { ok: true, value: null };
    });
  }

  announceUser(user: User): Promise<HubResult<null>> {
    return this.#guarded(async () => {
      this.#hooks.webhooks.announceUser(user);
      return { ok: true, value: null };
    });
  }

  webhookDeliveries(query: DeliveryQuery): Promise<HubResult<NumberedDelivery[]>> {
    return this.#guarded(() => this.#hooks.deliveries.list(query));
  }

  testWebhook(webhookId: string): Promise<HubResult<WebhookDelivery>> {
    return this.#guarded(() => this.#hooks.deliveries.test(webhookId));
  }

  redeliver(webhookId: string, number: number): Promise<HubResult<WebhookDelivery>> {
    return this.#guarded(() => this.#hooks.deliveries.redeliver(webhookId, number));
  }

  async stats(): Promise<HubStats> {
    return this.#hub.stats();
  }

  get #erasure() {
    const { erasure } = this.#hub;
    if (erasure === undefined) throw new Error("the hub was made without erasures");
    return erasure;
  }

  get #hooks() {
    const { webhooks, deliveries } = this.#hub;
    if (webhooks === undefined || deliveries === undefined) throw new Error("the hub was made without hooks");
    return { webhooks, deliveries };
  }

  #forget(socket: WebSocket): void {
    const connection = this.#connections.get(socket) ?? this.#restore(socket);
    if (connection === undefined) return;
    this.#connections.delete(socket);
    this.#sessions.closed(connection);
    forgetState(socket);
  }

  /** The connection of a socket that outlived the object's memory; undefined where it was closed since. */
  #restore(socket: WebSocket): Connection | undefined {
    const state = socket.deserializeAttachment() as ConnectionState | null;
    return state === null ? undefined : this.#sessions.restore(new HibernatingSocket(this.ctx, socket), state);
  }

  /** Refusals and failures travel as values: a stub that saw an exception is broken for good. */
  async #guarded<Value>(work: () => Promise<HubResult<Value>>): Promise<HubResult<Value>> {
    try {
      return await work();
    } catch (error) {
      logEvent("error", "hub.call_failed", { workspace_id: this.ctx.id.name, error: String(error) });
      return unavailable();
    }
  }
}

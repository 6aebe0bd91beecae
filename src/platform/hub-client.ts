import * as z from "zod";
import { ApiError, UpstreamUnavailable } from "../domain/api-error.ts";
import type {
  ChannelChange,
  DeliveryQuery,
  EditCommand,
  ErasureProgress,
  HeldPageRequest,
  HubResult,
  HubRpc,
  HubStats,
  JournalPageRequest,
  MessageRef,
  MuteCommand,
  NoHeldPage,
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
} from "../domain/hub-contract.ts";
import type { ChangedMessage } from "../protocol/message.ts";
import type { StreamPlace } from "../protocol/stream.ts";
import type { User } from "../protocol/user.ts";
import type { WebhookDelivery } from "../protocol/webhook.ts";
import type { WorkspaceSettings } from "../protocol/workspace.ts";
import { type HeldHistory, heldHistoryOf, heldPageUrl } from "./held-page-exchange.ts";
import { hubIdOf } from "./hub-ids.ts";
import { describeError, logEvent } from "./log.ts";

const ATTEMPTS = 3;
/** Upper bound of the first pause, milliseconds; each further one is twice as long. Pauses are drawn from 0 to the bound. */
const PAUSE_MS = 40;

/** Nobody but the object sees it. */
const UPGRADE_URL = "https://hub/v1/ws";

/** Who opens a socket. */
export interface SocketIdentity {
  userId: string;
  workspaceId: string;
  /** Unix seconds at which the token ends, and with it the socket. */
  tokenExpiresAt: number;
  /** True where the client also takes batch frames. */
  acceptsBatches: boolean;
}

/** What is used of a Durable Object namespace, so that tests need no run-time. */
export interface HubNamespace {
  idFromName(name: string): unknown;
  get(id: unknown, options?: { locationHint?: LocationHint }): HubStub;
}

interface HubStub {
  fetch(url: string, init?: { method: string; headers: Headers }): Promise<Response>;
}

const LOCATION_HINTS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;
type LocationHint = (typeof LOCATION_HINTS)[number];

function isLocationHint(text: string | undefined): text is LocationHint {
  return LOCATION_HINTS.some((hint) => hint === text);
}

const failureSchema = z.object({ retryable: z.boolean().optional(), overloaded: z.boolean().optional() });

/**
 * One workspace's hub, and the only way to it. Refusals become ApiErrors; a hub that does not answer becomes UpstreamUnavailable after
 * a few tries. Every call is safe to repeat: sends carry an idempotency key, the others are idempotent.
 */
export class HubClient {
  readonly #namespace: HubNamespace;
  readonly #name: string;
  readonly #options: { locationHint?: LocationHint };

  constructor(namespace: HubNamespace, workspaceId: string, locationHint?: string) {
    this.#namespace = namespace;
    this.#name = workspaceId;
    this.#options = isLocationHint(locationHint) ? { locationHint } : {};
  }

  sendMessage(command: SendCommand): Promise<SendOutcome> {
    return this.#ask((hub) => hub.sendMessage(command));
  }

  editMessage(command: EditCommand): Promise<ChangedMessage> {
    return this.#ask((hub) => hub.editMessage(command));
  }

  unsendMessage(command: UnsendCommand): Promise<ChangedMessage> {
    return this.#ask((hub) => hub.unsendMessage(command));
  }

  async react(command: ReactCommand): Promise<void> {
    await this.#ask((hub) => hub.react(command));
  }

  pinMessage(command: PinCommand): Promise<ChangedMessage> {
    return this.#ask((hub) => hub.pinMessage(command));
  }

  appendStream(command: StreamAppendCommand): Promise<StreamPlace> {
    return this.#ask((hub) => hub.appendStream(command));
  }

  endStream(command: StreamEndCommand): Promise<ChangedMessage> {
    return this.#ask((hub) => hub.endStream(command));
  }

  currentMessages(refs: MessageRef[]): Promise<ChangedMessage[]> {
    return this.#ask((hub) => hub.currentMessages(refs));
  }

  async muteMember(command: MuteCommand): Promise<void> {
    await this.#ask((hub) => hub.muteMember(command));
  }

  async applySettings(version: number, settings: WorkspaceSettings): Promise<void> {
    await this.#ask((hub) => hub.applySettings(version, settings));
  }

  async receipt(command: ReceiptCommand): Promise<void> {
    await this.#ask((hub) => hub.receipt(command));
  }

  async applyChannel(channelId: string, version: number, change?: ChannelChange): Promise<void> {
    await this.#ask((hub) => hub.applyChannel(channelId, version, change));
  }

  async applyUser(user: UserProfile): Promise<void> {
    await this.#ask((hub) => hub.applyUser(user));
  }

  async pushChanged(userIds: string[]): Promise<void> {
    await this.#ask((hub) => hub.pushChanged(userIds));
  }

  eraseUser(userId: string, externalId: string | null): Promise<ErasureProgress> {
    return this.#ask((hub) => hub.eraseUser(userId, externalId));
  }

  erasure(ref: string): Promise<ErasureProgress | null> {
    return this.#ask((hub) => hub.erasure(ref));
  }

  async removeUser(userId: string): Promise<void> {
    await this.#ask((hub) => hub.removeUser(userId));
  }

  settled(scope: SettledScope): Promise<Settled> {
    return this.#call((hub) => hub.settled(scope));
  }

  /** A page that contains everything acknowledged before the call, without Postgres, where the hub holds one. */
  heldPage(request: HeldPageRequest): Promise<HeldHistory | NoHeldPage> {
    const url = heldPageUrl(request);
    return this.#attempt(async () => heldHistoryOf(await this.#stub().fetch(url)));
  }

  journalPage(request: JournalPageRequest): Promise<TailPage> {
    return this.#ask((hub) => hub.journalPage(request));
  }

  presenceOf(userIds: string[]): Promise<PresenceOf[]> {
    return this.#ask((hub) => hub.presenceOf(userIds));
  }

  async applyWebhooks(snapshot: WebhookSnapshot): Promise<void> {
    await this.#ask((hub) => hub.applyWebhooks(snapshot));
  }

  async announceUser(user: User): Promise<void> {
    await this.#ask((hub) => hub.announceUser(user));
  }

  webhookDeliveries(query: DeliveryQuery): Promise<NumberedDelivery[]> {
    return this.#ask((hub) => hub.webhookDeliveries(query));
  }

  testWebhook(webhookId: string): Promise<WebhookDelivery> {
    return this.#ask((hub) => hub.testWebhook(webhookId));
  }

  redeliver(webhookId: string, number: number): Promise<WebhookDelivery> {
    return this.#ask((hub) => hub.redeliver(webhookId, number));
  }

  stats(): Promise<HubStats> {
    return this.#call((hub) => hub.stats());
  }

  /**
   * Has the object accept a WebSocket, so that it can hibernate; a 101 with the other end, or a 503. Of the client's request it gets
   * nothing: what it reads is ours to say, and a request's headers are kept as long as its socket.
   */
  async openSocket(identity: SocketIdentity): Promise<Response> {
    const headers = new Headers({
      upgrade: "websocket",
      "x-kabar-user-id": identity.userId,
      "x-kabar-workspace-id": identity.workspaceId,
      "x-kabar-token-exp": String(identity.tokenExpiresAt),
      ...(identity.acceptsBatches ? { "x-kabar-batch": "1" } : {}),
    });
    return this.#attempt(() => this.#stub().fetch(UPGRADE_URL, { method: "GET", headers }));
  }

  async #ask<Value>(run: (hub: HubRpc) => Promise<HubResult<Value>>): Promise<Value> {
    const result = await this.#call(run);
    if (result.ok) return result.value;
    const { code, message, details, retryAfter } = result.error;
    throw new ApiError(code, message, { details, retryAfter });
  }

  #call<Value>(run: (hub: HubRpc) => Promise<Value>): Promise<Value> {
    // The stub's own type drops methods whose values hold `unknown` (message metadata); HubRpc is what the object implements.
    return this.#attempt(() => run(this.#stub() as unknown as HubRpc));
  }

  /** Each attempt takes a fresh stub: one that threw stays broken. */
  async #attempt<Value>(run: () => Promise<Value>): Promise<Value> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        const { retryable = false, overloaded = false } = failureSchema.safeParse(error).data ?? {};
        if (attempt >= ATTEMPTS || !retryable || overloaded) {
          logEvent("error", "hub_unavailable", { attempt, retryable, overloaded, ...describeError(error) });
          throw new UpstreamUnavailable("the workspace's hub", error);
        }
        await pause(Math.random() * PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  }

  #stub(): HubStub {
    return this.#namespace.get(hubIdOf(this.#namespace, this.#name), this.#options);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

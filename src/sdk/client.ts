import type { MyChannelList } from "../protocol/channel.ts";
import type { FrameDown } from "../protocol/frames-down.ts";
import type { History, Message } from "../protocol/message.ts";
import type { Presence } from "../protocol/presence.ts";
import { type FileFacts, type UploadedAttachment, uploadAttachment } from "./attachments.ts";
import { Channel, type ChannelHost, type OutgoingMessage } from "./channel.ts";
import { Connection, type ConnectionState, type StateChange } from "./connection.ts";
import { Emitter, type Unsubscribe } from "./emitter.ts";
import { KabarError } from "./error.ts";
import { Focus } from "./focus.ts";
import { Http } from "./http.ts";
import { newId } from "./ids.ts";
import { type LiveText, LiveTexts } from "./live-texts.ts";
import { Messages } from "./messages.ts";
import { PresenceBook } from "./presence.ts";
import { Receipts } from "./receipts.ts";
import { Requests } from "./requests.ts";
import { type HistoryQuery, type PageQuery, Rest } from "./rest.ts";
import type { DiscontinuityReason } from "./resume-point.ts";
import type { WebSocketClass } from "./socket.ts";
import { TIMINGS, type Timings } from "./timings.ts";
import { TokenSource } from "./token.ts";
import { type TypingChange, TypingIn, TypingOut } from "./typing.ts";
import { Unread, type UnreadChange } from "./unread.ts";

export interface ClientOptions {
  /** Origin of the server, such as `https://chat.example.com`. */
  baseUrl: string;
  /** Returns a user token; called at the start, and again when one was refused or an attempt did not open. */
  getToken: () => Promise<string>;
  /** In place of the platform's own, for old run-times. */
  WebSocket?: WebSocketClass;
  fetch?: typeof fetch;
  /** Milliseconds, in place of the defaults. */
  timings?: Partial<Timings>;
}

/** Read the state anew: all of it, or one channel's. */
export interface Discontinuity {
  reason: DiscontinuityReason | "hole";
  channel_id?: string;
}

type ForwardedType = Exclude<
  FrameDown["type"],
  | "pong"
  | "message.ack"
  | "ok"
  | "error"
  | "typing.start"
  | "typing.stop"
  | "presence.update"
  | "presence.state"
  | "batch"
>;
type Forwarded = { [Type in ForwardedType]: Extract<FrameDown, { type: Type }>["data"] };

/** Every event of a client. Those named as in the contract carry that frame's data. */
export interface ClientEvents extends Forwarded {
  state: StateChange;
  /** Each message once, in order within its channel; the sender's own too. */
  message: Message;
  typing: TypingChange;
  /** Somebody came, went away, or left. */
  presence: Presence;
  /** A message that is being written has grown. */
  text: LiveText;
  unread: UnreadChange;
  discontinuity: Discontinuity;
  /** An error that answers no request. */
  error: KabarError;
}

/** A user's connection to Kabar. */
export class KabarClient {
  readonly rest: Rest;
  /** Unread counts of the channels that were listed. */
  readonly unread: Unread;
  /** Who is there; `presence` events tell of changes. */
  readonly presence: PresenceBook;
  readonly #events = new Emitter<ClientEvents>();
  readonly #http: Http;
  readonly #connection: Connection;
  readonly #requests: Requests;
  readonly #messages: Messages;
  readonly #texts: LiveTexts;
  readonly #receipts: Receipts;
  readonly #focus: Focus;
  readonly #typingOut: TypingOut;
  readonly #typingIn: TypingIn;
  readonly #host: ChannelHost;
  #userId: string | undefined;

  constructor(options: ClientOptions) {
    const timings = { ...TIMINGS, ...options.timings };
    const baseUrl = options.baseUrl.replace(/\/+$/, "");
    const tokens = new TokenSource(options.getToken);
    // Browsers refuse a `fetch` that is called as a method of something else.
    this.#http = new Http(baseUrl, tokens, options.fetch ?? ((...args) => fetch(...args)));
    this.rest = new Rest(this.#http);
    const url = `${baseUrl.replace(/^http/, "ws")}/v1/ws?batch=1`;
    this.#connection = new Connection(url, tokens, options.WebSocket ?? WebSocket, timings);
    this.#requests = new Requests(this.#connection, timings);
    this.#receipts = new Receipts(this.#requests);
    this.unread = new Unread(
      (change) => this.#events.emit("unread", change),
      () => this.#userId,
    );
    const handlers = {
      message: (message: Message) => {
        this.unread.message(message);
        this.#events.emit("message", message);
      },
      lost: (channelId: string) => this.#events.emit("discontinuity", { reason: "hole", channel_id: channelId }),
    };
    this.#texts = new LiveTexts(
      (channelId, messageId) => this.rest.message(channelId, messageId),
      (text) => this.#events.emit("text", text),
    );
    this.#messages = new Messages(this.rest, handlers, timings);
    this.#focus = new Focus((channelId) =>
      this.#connection.send({ type: "channel.focus", data: { channel_id: channelId } }),
    );
    this.#typingOut = new TypingOut(
      (type, channelId) => this.#connection.send({ type, data: { channel_id: channelId } }),
      timings.typingEvery,
    );
    this.#typingIn = new TypingIn((change) => this.#events.emit("typing", change), timings.typingExpiry);
    this.presence = new PresenceBook(
      (frame) => this.#connection.send(frame),
      (presence) => this.#events.emit("presence", presence),
      timings.presenceAskAfter,
    );
    this.#host = this.#makeHost();
    this.#connection.events.on("state", (change) => {
      if (change.state === "online") {
        this.#focus.connected();
        this.presence.connected();
      } else this.presence.stop();
      this.#events.emit("state", change);
    });
    this.#connection.events.on("frame", (frame) => this.#route(frame));
    this.#connection.events.on("discontinuity", (reason) => {
      this.#messages.reset();
      this.#events.emit("discontinuity", { reason });
    });
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  /** The user of the token; undefined before the first connection. */
  get userId(): string | undefined {
    return this.#userId;
  }

  /** Connects, or connects now where a retry is waiting. Returns at once; see the `state` event. */
  connect(): void {
    this.#connection.connect();
  }

  /** Goes offline until `connect()`. Unsent messages wait; what is missed meanwhile arrives after it. */
  disconnect(): void {
    this.#connection.disconnect();
  }

  /** Ends the client; unanswered sends fail with CONNECTION_CLOSED. */
  close(): void {
    this.#connection.close();
  }

  on<Type extends keyof ClientEvents>(type: Type, listener: (data: ClientEvents[Type]) => void): Unsubscribe {
    if (type === "presence") this.presence.begin();
    return this.#events.on(type, listener);
  }

  /** A channel by its internal or external id; makes no call. */
  channel(id: string): Channel {
    return new Channel(id, this.#host);
  }

  /**
   * Says which channel is on the screen, null for none (the app is in the background): its messages are not pushed to
   * the user's devices, those of others are. A client that never says so keeps all pushes away while it is connected.
   */
  showing(channelId: string | null): void {
    this.#focus.show(channelId);
  }

  /** The user's channels by latest activity. */
  async channels(query?: PageQuery): Promise<MyChannelList> {
    const list = await this.rest.myChannels(query);
    for (const channel of list.channels) this.#messages.begin(channel.id, channel.last_seq);
    this.unread.list(list.channels);
    return list;
  }

  /**
   * Uploads a file for a message: spread the result into `channel.send`.
   * @throws {KabarError} of the presign call, or UPLOAD_FAILED
   */
  upload(file: Blob, facts: FileFacts): Promise<UploadedAttachment> {
    return uploadAttachment(this.rest, this.#http, file, facts);
  }

  #makeHost(): ChannelHost {
    return {
      rest: this.rest,
      send: (channelId, message) => this.#send(channelId, message),
      request: (frame, action) => this.#requests.request(frame, action),
      history: (channelId, query) => this.#history(channelId, query),
      receipt: (kind, channelId, messageId) => this.#receipts.mark(kind, channelId, messageId),
      live: (message) => this.#texts.over(message),
      typing: (channelId, active) => (active ? this.#typingOut.start(channelId) : this.#typingOut.stop(channelId)),
      on: (type, listener) => this.#events.on(type, listener),
    };
  }

  async #send(channelId: string, message: OutgoingMessage): Promise<Message> {
    const key = message.idempotency_key ?? newId();
    this.#typingOut.stop(channelId);
    const data = { ...message, idempotency_key: key, channel_id: channelId };
    // The frame's own id, not the key: a caller's key may be longer than an id, or be in use by a second attempt.
    const answer = await this.#requests.request({ type: "message.send", id: newId(), data }, "send the message");
    if (answer.type !== "message.ack") {
      throw new KabarError("INTERNAL", "send the message", "the server answered without it");
    }
    return answer.data.message;
  }

  async #history(channelId: string, query?: HistoryQuery): Promise<History> {
    const history = await this.rest.history(channelId, query);
    if (!query?.before && !query?.after && !query?.around) this.#messages.learn(history.messages);
    return history;
  }

  #route(frame: FrameDown): void {
    this.#texts.take(frame);
    switch (frame.type) {
      case "pong":
      case "ok":
      case "batch":
        return;
      case "message.ack":
        this.#messages.take(frame.data.message);
        return;
      case "error":
        this.#routeError(frame);
        return;
      case "typing.start":
        this.#typingIn.started(frame.data);
        return;
      case "typing.stop":
        this.#typingIn.stopped(frame.data);
        return;
      case "presence.update":
        this.presence.update(frame.data);
        return;
      case "presence.state":
        this.presence.told(frame.data, frame.id);
        return;
      case "message.created": {
        const { channel_id, channel_external_id, user_id } = frame.data.message;
        if (user_id) this.#typingIn.stopped({ channel_id, channel_external_id, user_id });
        this.#messages.take(frame.data.message);
        break;
      }
      case "member.joined":
        this.#messages.begin(frame.data.channel.id, frame.data.last_seq);
        this.presence.joined();
        break;
      case "channel.created":
        this.presence.joined();
        break;
      case "connection.ready":
        this.#userId = frame.data.user_id;
        break;
      case "message.updated":
      case "message.deleted":
        this.unread.message(frame.data.message);
        break;
      case "message.read":
        if (frame.data.user_id === this.#userId) this.unread.read(frame.data.channel_id, frame.data.seq);
        break;
      case "member.left":
        if (frame.data.user_ids.includes(this.#userId ?? "")) this.unread.drop(frame.data.channel_id);
        break;
      case "channel.deleted":
        this.unread.drop(frame.data.channel_id);
        break;
    }
    this.#events.emit(frame.type, frame.data as ClientEvents[typeof frame.type]);
  }

  /** Those that answer a request reach their caller by its promise. */
  #routeError(frame: Extract<FrameDown, { type: "error" }>): void {
    const { code, message, details, retry_after: retryAfter, id } = frame.data;
    if ((frame.id ?? id) !== undefined) return;
    this.#events.emit("error", new KabarError(code, "go on", message, { details, retryAfter }));
  }
}

/** Makes a client; `connect()` opens its connection. */
export function createClient(options: ClientOptions): KabarClient {
  return new KabarClient(options);
}

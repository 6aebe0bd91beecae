import { randomUUID } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { FrameDown } from "../../../../src/protocol/frames-down.ts";
import type { FrameUp } from "../../../../src/protocol/frames-up.ts";
import type { SendMessageBody } from "../../../../src/protocol/message.ts";
import type { Presence } from "../../../../src/protocol/presence.ts";
import { viewOf } from "./fake-changes.ts";
import { answer } from "./fake-http.ts";
import { type DurableFrame, type FakeChannel, FakeWorkspace } from "./fake-workspace.ts";

type PresenceFrame = Extract<FrameUp, { type: `presence.${string}` }>;

interface Connection {
  socket: WebSocket;
  userId: string;
  /** Events of a new connection, held until its first frame: a resume must come before them. */
  held: DurableFrame[] | undefined;
}

/** Milliseconds for which events are held for a client that sends nothing. */
const HOLD = 250;

/** The server's side of the contract as far as the library uses it, with switches for what goes wrong in life. */
export class FakeServer {
  readonly workspace = new FakeWorkspace();
  readonly #http = http.createServer((request, response) => void answer(this, request, response));
  readonly #ws = new WebSocketServer({ noServer: true });
  readonly #connections = new Set<Connection>();
  readonly #tokens = new Map<string, string>();
  readonly #away = new Set<string>();
  readonly store = new Map<string, { type: string; body: Buffer }>();
  /** Every frame that clients sent, in order. */
  readonly received: FrameUp[] = [];
  /** Answers to the next REST calls. */
  readonly failures: { status: number; code: string; headers?: Record<string, string> }[] = [];
  /** Answers to the next sends: an error each. */
  readonly refusals: { code: "RATE_LIMITED" | "UPSTREAM_UNAVAILABLE"; retry_after?: number }[] = [];
  historyReads = 0;
  staticDir = ".";
  headers: Record<string, string> = {};
  demoUsers: string[] = [];
  /** Sends are stored, but neither answered nor fanned out to their sender. */
  loseAnswers = false;
  /** Pings stay unanswered. */
  mute = false;
  /** Attempts are answered by this HTTP status. */
  refuseUpgrade: number | undefined;
  upgrades = 0;
  /** Milliseconds between reading a page of history and answering it. */
  pageDelay = 0;

  async start(port = 0): Promise<this> {
    this.#http.on("upgrade", (request, socket, head) => {
      this.upgrades += 1;
      const token = request.headers["sec-websocket-protocol"]?.replace("cariosan.jwt.", "") ?? "";
      const userId = this.userOfToken(token);
      if (!userId || this.refuseUpgrade) {
        socket.end(`HTTP/1.1 ${this.refuseUpgrade ?? 401} Refused\r\nConnection: close\r\n\r\n`);
        return;
      }
      this.#ws.handleUpgrade(request, socket, head, (ws) => this.#accept(ws, userId));
    });
    await new Promise<void>((resolve) => this.#http.listen(port, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.drop();
    this.#ws.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  issueToken(userId: string): string {
    const token = randomUUID();
    this.#tokens.set(token, userId);
    return token;
  }

  revokeTokens(): void {
    this.#tokens.clear();
  }

  userOfToken(token: string): string | undefined {
    return this.#tokens.get(token);
  }

  demoSession() {
    if (this.demoUsers.length === 0) return undefined;
    const users = this.demoUsers.map((id) => {
      const { external_id, name } = this.workspace.user(id);
      const expires_at = new Date(Date.now() + 3_600_000).toISOString();
      return { id, external_id, name, token: this.issueToken(id), expires_at };
    });
    return { workspace_id: this.workspace.id, users };
  }

  /** Cuts every line without a close frame. */
  drop(): void {
    for (const { socket } of this.#connections) socket.terminate();
    this.#connections.clear();
  }

  closeAll(code: number, reason = ""): void {
    for (const { socket } of this.#connections) socket.close(code, reason);
    this.#connections.clear();
  }

  slow(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.pageDelay));
  }

  /** A message of a user, as if sent from elsewhere. */
  post(channelRef: string, userId: string, content: string, more: SendMessageBody = {}) {
    const channel = this.workspace.channel(channelRef);
    if (!channel) throw new Error(`no channel ${channelRef}`);
    const { message, event } = this.workspace.post(channel, userId, { content, ...more });
    this.publish(event);
    return message;
  }

  /** Sends an event to every connection of the channel's members. */
  publish(event: DurableFrame | undefined, except?: WebSocket): void {
    if (!event) return;
    const ref =
      "message" in event.data ? event.data.message.channel_id : "channel_id" in event.data ? event.data.channel_id : "";
    for (const { socket, userId, held } of this.#connections) {
      if (socket === except || !this.workspace.channel(ref)?.members.includes(userId)) continue;
      if (held) held.push(event);
      else send(socket, event);
    }
  }

  /** Sends a raw frame to all. */
  broadcast(frame: unknown): void {
    for (const { socket } of this.#connections) send(socket, frame);
  }

  #accept(socket: WebSocket, userId: string): void {
    const connection: Connection = { socket, userId, held: [] };
    setTimeout(() => release(connection), HOLD);
    this.#connections.add(connection);
    socket.on("close", () => this.#connections.delete(connection));
    socket.on("message", (data) => this.#take(connection, JSON.parse(String(data))));
    send(socket, {
      type: "connection.ready",
      data: {
        connection_id: randomUUID(),
        user_id: userId,
        workspace_id: this.workspace.id,
        cursor: this.workspace.cursor(),
        server_time: new Date().toISOString(),
        heartbeat_seconds: 30,
      },
    } satisfies FrameDown);
  }

  #take(connection: Connection, frame: FrameUp): void {
    const { socket, userId } = connection;
    this.received.push(frame);
    if (frame.type === "ping") {
      if (!this.mute) send(socket, { type: "pong" });
      return;
    }
    if (frame.type === "resume") {
      // The journal has what was held.
      connection.held = undefined;
      this.#resume(socket, userId, frame.data.cursor);
      return;
    }
    release(connection);
    if (frame.type === "presence.set" || frame.type === "presence.query" || frame.type === "presence.watch") {
      this.#presence(connection, frame);
      return;
    }
    if (frame.type === "channel.focus") return;
    const { channel_id: ref } = frame.data as { channel_id?: string };
    const channel = this.workspace.channel(ref ?? "");
    const { id } = frame;
    if (!channel?.members.includes(userId)) {
      send(socket, { type: "error", id, data: { id, code: "NOT_A_MEMBER", message: "you are no member" } });
    } else if (frame.type === "message.send") {
      const refusal = this.refusals.shift();
      if (refusal) {
        send(socket, { type: "error", id, data: { id, message: "as planned", ...refusal } });
        return;
      }
      const { message, event } = this.workspace.post(channel, userId, frame.data);
      const own = viewOf(channel, message, userId);
      if (!this.loseAnswers) send(socket, { type: "message.ack", id, data: { id, message: own } });
      this.publish(event, this.loseAnswers ? socket : undefined);
    } else if (frame.type === "message.read") {
      send(socket, { type: "ok", id, data: { id } });
      this.publish(this.workspace.read(channel, userId, frame.data.message_id));
    } else if (isChange(frame)) {
      const refusal = this.refusals.shift();
      if (refusal) {
        send(socket, { type: "error", id, data: { id, message: "as planned", ...refusal } });
        return;
      }
      const isGone = channel.messages.find((one) => one.id === frame.data.message_id)?.deleted_at !== null;
      if (isGone && frame.type !== "message.delete" && frame.type !== "reaction.remove") {
        send(socket, { type: "error", id, data: { id, code: "NOT_FOUND", message: "it was unsent" } });
        return;
      }
      const event = this.#change(channel, userId, frame);
      if (!this.loseAnswers) send(socket, { type: "ok", id, data: { id } });
      this.publish(event);
    } else if (frame.type === "typing.start" || frame.type === "typing.stop") {
      const data = { channel_id: channel.id, channel_external_id: channel.external_id, user_id: userId };
      for (const other of this.#connections) {
        if (other.userId !== userId && channel.members.includes(other.userId)) {
          send(other.socket, { type: frame.type, data });
        }
      }
    }
  }

  /** Everybody who is connected is online, or away if the newest word said so. */
  #presence({ socket, userId }: Connection, frame: PresenceFrame): void {
    const of = (id: string): Presence => {
      const isHere = [...this.#connections].some((one) => one.userId === id);
      const status = isHere ? (this.#away.has(id) ? "away" : "online") : "offline";
      return { user_id: id, external_id: this.workspace.user(id).external_id, status, last_seen_at: null };
    };
    if (frame.type === "presence.set") {
      if (frame.data.status === "away") this.#away.add(userId);
      else this.#away.delete(userId);
      for (const other of this.#connections) {
        if (other.userId !== userId) send(other.socket, { type: "presence.update", data: of(userId) });
      }
      return;
    }
    const here = [...new Set([...this.#connections].map((one) => one.userId))].filter((id) => id !== userId);
    const ids = frame.type === "presence.watch" ? frame.data.user_ids : here;
    send(socket, { type: "presence.state", id: frame.id, data: { users: ids.map(of), truncated: false } });
  }

  #change(channel: FakeChannel, userId: string, frame: ChangeFrame): DurableFrame | undefined {
    const { changes } = this.workspace;
    const { message_id: id } = frame.data;
    if (frame.type === "message.edit") return changes.edit(channel, id, frame.data.content ?? "");
    if (frame.type === "message.delete") return changes.unsend(channel, id);
    return changes.react(channel, id, userId, frame.type === "reaction.add" ? frame.data.emoji : undefined);
  }

  #resume(socket: WebSocket, userId: string, from: string): void {
    const cursor = this.workspace.cursor();
    const events = this.workspace.after(from, userId);
    if (!events) {
      send(socket, { type: "resync", data: { reason: "journal_trimmed", cursor } });
      return;
    }
    for (const event of events) send(socket, event);
    send(socket, { type: "resumed", data: { cursor, count: events.length } });
  }
}

type ChangeFrame = Extract<FrameUp, { type: "message.edit" | "message.delete" | "reaction.add" | "reaction.remove" }>;

function isChange(frame: FrameUp): frame is ChangeFrame {
  return ["message.edit", "message.delete", "reaction.add", "reaction.remove"].includes(frame.type);
}

function release(connection: Connection): void {
  for (const event of connection.held ?? []) send(connection.socket, event);
  connection.held = undefined;
}

function send(socket: WebSocket, frame: FrameDown | unknown): void {
  socket.send(JSON.stringify(frame));
}

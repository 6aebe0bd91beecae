import { randomUUID } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Message } from "../../../src/protocol/message.ts";

/** What the fake does wrong, on purpose. */
export interface Faults {
  /** Answer to the n-th upgrade, from 0, instead of 101. */
  upgrade?: (index: number) => { status: number; code: string; retryAfter?: number } | undefined;
  /** How often a member receives the n-th message, from 0. */
  copies?: (message: number, member: number) => number;
  /** Status of the n-th REST request instead of the right one. */
  rest?: (index: number) => { status: number; code: string; retryAfter?: number } | undefined;
  /** The n-th message is never answered. */
  silent?: (message: number) => boolean;
  /** Closes a socket after the n-th message. */
  closeAfter?: number;
  /** Puts every event into a batch frame. */
  batches?: boolean;
  /** What a resume brings instead of what was missed. */
  replay?: (missed: string[]) => string[];
}

interface Channel {
  id: string;
  members: string[];
  messages: Message[];
}

const HOLD_MS = 50;
const now = () => new Date().toISOString();

/** A tiny stand-in for Kabar that keeps to the contract as far as the load tool goes, unless told to fail. */
export class FakeServer {
  readonly #faults: Faults;
  readonly #http: http.Server;
  readonly #sockets = new Map<string, WebSocket>();
  readonly #users = new Map<string, string>();
  readonly #channels = new Map<string, Channel>();
  #upgrades = 0;
  #requests = 0;
  #live = 0;
  /** Every event so far with its recipients; its place is its cursor. */
  readonly #journal: { frame: string; members: string[] }[] = [];

  constructor(faults: Faults = {}) {
    this.#faults = faults;
    this.#http = http.createServer((request, response) => this.#request(request, response));
    const wss = new WebSocketServer({ noServer: true, handleProtocols: ([first = ""]) => first });
    this.#http.on("upgrade", (request, socket, head) => {
      const fault = this.#faults.upgrade?.(this.#upgrades++);
      if (fault === undefined) {
        wss.handleUpgrade(request, socket, head, (ws) => this.#connected(ws));
        return;
      }
      const body = errorBody(fault.code);
      const retry = fault.retryAfter === undefined ? "" : `Retry-After: ${fault.retryAfter}\r\n`;
      socket.end(`HTTP/1.1 ${fault.status} No\r\n${retry}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
  }

  async start(): Promise<URL> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    return new URL(`http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.values()) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  get users(): number {
    return this.#users.size;
  }

  get channels(): number {
    return this.#channels.size;
  }

  #request(request: http.IncomingMessage, response: http.ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const fault = request.url === "/healthz" ? undefined : this.#faults.rest?.(this.#requests++);
      if (fault !== undefined) {
        if (fault.retryAfter !== undefined) response.setHeader("retry-after", String(fault.retryAfter));
        response.writeHead(fault.status).end(errorBody(fault.code));
        return;
      }
      const answer = this.#answer(request, text === "" ? {} : JSON.parse(text));
      if (answer !== undefined) response.writeHead(200).end(JSON.stringify(answer));
    });
  }

  #answer(request: http.IncomingMessage, body: Record<string, string & string[]>): unknown {
    const url = new URL(request.url ?? "", "http://fake");
    const [, , kind, ref = "", part] = url.pathname.split("/");
    if (kind === undefined) return { status: "ok", version: "fake" };
    if (kind === "users" && part === "tokens") return { token: `${ref}.token`, expires_at: now() };
    if (kind === "users") return this.#user(body.external_id ?? "");
    if (part === "messages" && request.method === "GET") {
      const limit = Number(url.searchParams.get("limit"));
      const messages = this.#channel(ref).messages.slice(-limit).reverse();
      return { messages, has_more: false, next_cursor: null };
    }
    if (part === "messages") {
      const sender = body.user_id ?? (request.headers.authorization ?? "").slice("Bearer ".length, -".token".length);
      return this.#store(ref, sender, body.content ?? "");
    }
    return this.#createChannel(body.external_id ?? "", body.member_external_ids ?? []);
  }

  #user(externalId: string) {
    const id = this.#users.get(externalId) ?? randomUUID();
    this.#users.set(externalId, id);
    const dates = { created_at: now(), updated_at: now() };
    return { id, external_id: externalId, name: externalId, avatar_url: null, metadata: {}, ...dates };
  }

  #createChannel(externalId: string, members: string[]) {
    const channel = this.#channels.get(externalId) ?? { id: randomUUID(), members, messages: [] };
    this.#channels.set(externalId, channel);
    const dates = { created_at: now(), updated_at: now() };
    const base = { id: channel.id, external_id: externalId, type: "group", name: externalId, avatar_url: null };
    return { ...base, created_by: null, member_count: members.length, ...dates };
  }

  #channel(id: string): Channel {
    const found = [...this.#channels.values()].find((channel) => channel.id === id);
    if (found === undefined) throw new Error(`no channel ${id}`);
    return found;
  }

  /** Undefined where the fault is never to answer. */
  #store(channelId: string, sender: string, content: string): Message | undefined {
    const channel = this.#channel(channelId);
    const { id, external_id, name, avatar_url } = this.#user(sender);
    const message: Message = {
      id: randomUUID(),
      channel_id: channel.id,
      channel_external_id: null,
      seq: channel.messages.length + 1,
      user: { id, external_id, name, avatar_url },
      user_id: id,
      content,
      type: "text",
      attachment_url: null,
      attachment: null,
      created_at: now(),
      edited_at: null,
      deleted_at: null,
      parent_id: null,
      mentions: [],
      reactions: [],
      metadata: {},
      thread_root_id: null,
      reply_count: 0,
      last_repliers: [],
      pinned_at: null,
      streaming: false,
    };
    channel.messages.push(message);
    if (!content.startsWith("load:")) return message;
    const index = this.#live++;
    setImmediate(() => this.#fanOut(channel, message, index));
    return this.#faults.silent?.(index) === true ? undefined : message;
  }

  #fanOut(channel: Channel, message: Message, index: number): void {
    const event = { type: "message.created", data: { cursor: String(this.#journal.length + 1), message } };
    const frame = JSON.stringify(this.#faults.batches === true ? { type: "batch", data: { events: [event] } } : event);
    this.#journal.push({ frame, members: channel.members });
    for (const [member, externalId] of channel.members.entries()) {
      const copies = this.#faults.copies?.(index, member) ?? 1;
      for (let copy = 0; copy < copies; copy++) this.#sockets.get(externalId)?.send(frame);
    }
    if (this.#faults.closeAfter === index) this.#sockets.get(channel.members[0] ?? "")?.close(4009, "too slow to read");
  }

  /** Sends what the user missed after a place, and from then on what is new. Answers how much that was. */
  #goLive(ws: WebSocket, user: string, after: number, replay = (missed: string[]) => missed): number {
    const all = this.#journal.slice(after).filter(({ members }) => members.includes(user));
    const missed = all.map(({ frame }) => frame);
    for (const frame of replay(missed)) ws.send(frame);
    this.#sockets.set(user, ws);
    return missed.length;
  }

  #connected(ws: WebSocket): void {
    const user = ws.protocol.slice("cariosan.jwt.".length, -".token".length);
    const place = this.#journal.length;
    // New sockets are held, as the hub does, so that a resume finds nothing sent yet.
    const hold = setTimeout(() => this.#goLive(ws, user, place), HOLD_MS);
    ws.on("close", () => clearTimeout(hold));
    const ids = { connection_id: randomUUID(), user_id: randomUUID(), workspace_id: randomUUID() };
    const data = { ...ids, cursor: String(place), server_time: now(), heartbeat_seconds: 30 };
    ws.send(JSON.stringify({ type: "connection.ready", data }));
    ws.on("message", (bytes) => {
      const frame = JSON.parse(bytes.toString());
      if (frame.type === "ping") ws.send('{"type":"pong"}');
      if (frame.type === "resume") {
        clearTimeout(hold);
        const count = this.#goLive(ws, user, Number(frame.data.cursor), this.#faults.replay);
        ws.send(JSON.stringify({ type: "resumed", data: { cursor: String(this.#journal.length), count } }));
      }
      if (frame.type !== "message.send") return;
      const message = this.#store(frame.data.channel_id, user, frame.data.content);
      if (message !== undefined) ws.send(JSON.stringify({ type: "message.ack", data: { id: frame.id, message } }));
    });
  }
}

function errorBody(code: string): string {
  return JSON.stringify({ error: { code, message: `the fake says ${code}`, request_id: "r" } });
}

/** One user's socket: pings, sends, and notes what arrives. */
import {
  acknowledged,
  ageOf,
  defined,
  deliveries,
  deliveryTime,
  duplicates,
  markedContent,
  pingTime,
  refusals,
  sendSocketTime,
} from "./lib.js";

/** @typedef {{ id: string, content: string, user: { external_id: string | null } | null }} Message */
/**
 * What the server sends, as far as it is read here. "other" stands for every type that is not named. Written out, because
 * the protocol's own types need a library that k6 does not have.
 *
 * @typedef {{ type: "pong" }
 *   | { type: "connection.ready", data: { cursor: string } }
 *   | { type: "batch", data: { events: Frame[] } }
 *   | { type: "message.ack", id?: string, data: { id?: string } }
 *   | { type: "message.created", data: { cursor: string, message: Message } }
 *   | { type: "resumed" | "resync" }
 *   | { type: "error", data: { code: string } }
 *   | { type: "other", data?: { cursor?: string } }} Frame
 */

export class Client {
  /**
   * @param {import("./lib.js").LoadUser} user
   * @param {import("./lib.js").Scenario} scenario
   */
  constructor(user, scenario) {
    this.user = user;
    this.scenario = scenario;
    /** @type {import("k6/ws").Socket | undefined} */
    this.socket = undefined;
    /** @type {string | undefined} */
    this.cursor = undefined;
    /** @type {number[]} */
    this.pingAt = [];
    /** @type {{ [id: string]: number }} */
    this.sentAt = {};
    /** @type {{ [id: string]: true }} */
    this.seen = {};
    this.next = 0;
    this.onReady = () => {};
    /** @type {(how: "resumed" | "resync") => void} */
    this.onResumed = () => {};
  }

  /** Takes the socket that `ws.connect` hands over. @param {import("k6/ws").Socket} socket */
  attach(socket) {
    this.socket = socket;
    this.pingAt = [];
    socket.on("message", (text) => this.handle(JSON.parse(text)));
  }

  ping() {
    this.pingAt.push(Date.now());
    this.transmit('{"type":"ping"}');
  }

  send() {
    const id = `${this.user.name}-${this.next++}`;
    const body = {
      channel_id: this.user.channel,
      content: markedContent(this.scenario.content_bytes),
      idempotency_key: `k6-${id}-${Date.now()}`,
    };
    this.sentAt[id] = Date.now();
    this.transmit(JSON.stringify({ type: "message.send", id: id, data: body }));
  }

  resume() {
    this.transmit(JSON.stringify({ type: "resume", data: { cursor: this.cursor } }));
  }

  /** @param {string} text */
  transmit(text) {
    defined(this.socket, "the socket").send(text);
  }

  /** @param {Frame} frame */
  handle(frame) {
    switch (frame.type) {
      case "pong": {
        const pingAt = this.pingAt.shift();
        if (pingAt !== undefined) pingTime.add(Date.now() - pingAt);
        return;
      }
      case "connection.ready":
        if (this.cursor === undefined) this.cursor = frame.data.cursor;
        this.onReady();
        return;
      case "batch":
        for (const event of frame.data.events) this.handle(event);
        return;
      case "message.ack":
        this.acknowledge(frame.data.id || frame.id);
        return;
      case "message.created":
        this.cursor = frame.data.cursor;
        this.receive(frame.data.message);
        return;
      case "resumed":
      case "resync":
        this.onResumed(frame.type);
        return;
      case "error":
        refusals.add(1, { code: frame.data.code });
        return;
      default: {
        const data = frame.data || {};
        if (data.cursor) this.cursor = data.cursor;
      }
    }
  }

  /** @param {string | undefined} id */
  acknowledge(id) {
    if (id === undefined) return;
    const sentAt = this.sentAt[id];
    if (sentAt === undefined) return;
    sendSocketTime.add(Date.now() - sentAt);
    delete this.sentAt[id];
    acknowledged.add(1);
  }

  /** @param {Message} message */
  receive(message) {
    if (message.user && message.user.external_id === this.user.name) return;
    const age = ageOf(message.content);
    if (age === undefined) return;
    if (this.seen[message.id]) duplicates.add(1);
    else {
      this.seen[message.id] = true;
      deliveries.add(1);
      deliveryTime.add(age);
    }
  }
}

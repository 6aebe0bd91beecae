/** One user's socket: pings, sends, and notes what arrives. */
import {
  acknowledged,
  ageOf,
  deliveries,
  deliveryTime,
  duplicates,
  markedContent,
  pingTime,
  refusals,
  sendSocketTime,
} from "./lib.js";

export class Client {
  /** @param {import("./lib.js").LoadUser} user */
  constructor(user, scenario) {
    this.user = user;
    this.scenario = scenario;
    this.socket = undefined;
    this.cursor = undefined;
    this.pingAt = [];
    this.sentAt = {};
    this.seen = {};
    this.next = 0;
    this.onReady = () => {};
    this.onResumed = () => {};
  }

  /** Takes the socket that `ws.connect` hands over. */
  attach(socket) {
    this.socket = socket;
    this.pingAt = [];
    socket.on("message", (text) => this.handle(JSON.parse(text)));
  }

  ping() {
    this.pingAt.push(Date.now());
    this.socket.send('{"type":"ping"}');
  }

  send() {
    const id = `${this.user.name}-${this.next++}`;
    const body = {
      channel_id: this.user.channel,
      content: markedContent(this.scenario.content_bytes),
      idempotency_key: `k6-${id}-${Date.now()}`,
    };
    this.sentAt[id] = Date.now();
    this.socket.send(JSON.stringify({ type: "message.send", id: id, data: body }));
  }

  resume() {
    this.socket.send(JSON.stringify({ type: "resume", data: { cursor: this.cursor } }));
  }

  handle(frame) {
    const data = frame.data || {};
    switch (frame.type) {
      case "pong":
        if (this.pingAt.length > 0) pingTime.add(Date.now() - this.pingAt.shift());
        return;
      case "connection.ready":
        if (this.cursor === undefined) this.cursor = data.cursor;
        this.onReady();
        return;
      case "batch":
        for (const event of data.events) this.handle(event);
        return;
      case "message.ack":
        this.acknowledge(data.id || frame.id);
        return;
      case "message.created":
        this.cursor = data.cursor;
        this.receive(data.message);
        return;
      case "resumed":
      case "resync":
        this.onResumed(frame.type, data);
        return;
      case "error":
        refusals.add(1, { code: data.code });
        return;
      default:
        if (data.cursor) this.cursor = data.cursor;
    }
  }

  acknowledge(id) {
    if (this.sentAt[id] === undefined) return;
    sendSocketTime.add(Date.now() - this.sentAt[id]);
    delete this.sentAt[id];
    acknowledged.add(1);
  }

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

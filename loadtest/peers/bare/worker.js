import { DurableObject } from "cloudflare:workers";

/**
 * The limit line: what workerd can do at most. An object that relays within groups, with hibernation, and nothing else:
 * no token, no membership, no cursor, no receipts, no archive.
 */
export class RelayGroup extends DurableObject {
  /** Sockets by group; empty after waking up, and a group is looked up again after each change of it. */
  #groups = new Map();

  constructor(context, env) {
    super(context, env);
    // The run-time answers by itself, without waking the object.
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'));
  }

  fetch(request) {
    const [client, server] = Object.values(new WebSocketPair());
    const { searchParams } = new URL(request.url);
    const group = searchParams.get("group") ?? "";
    this.ctx.acceptWebSocket(server, [group]);
    server.serializeAttachment({ group, padding: Number(searchParams.get("padding")) });
    this.#groups.delete(group);
    const protocol = request.headers.get("Sec-WebSocket-Protocol");
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: protocol === null ? {} : { "Sec-WebSocket-Protocol": protocol },
    });
  }

  webSocketMessage(sender, text) {
    this.relay(sender, text);
  }

  webSocketClose(socket) {
    this.#groups.delete(socket.deserializeAttachment().group);
  }

  relay(sender, content) {
    const { group, padding } = sender.deserializeAttachment();
    const text = padded(content, padding);
    let sockets = this.#groups.get(group);
    if (sockets === undefined) {
      sockets = this.ctx.getWebSockets(group);
      this.#groups.set(group, sockets);
    }
    for (const socket of sockets) {
      if (socket === sender) continue;
      try {
        socket.send(text);
      } catch {
        // It is closing.
      }
    }
  }
}

/** With so many bytes more. */
function padded(text, padding) {
  return padding === 0 ? text : text + " ".repeat(padding);
}

const STEP_MS = 5;
const MIN_TURN_MS = 25;
const TURN_MS_PER_SOCKET = 0.05;

/**
 * The same where a socket is sent one frame a turn with all that came meanwhile. Sockets have their moment one part after another, every
 * 5 ms another part, as all at once would have the last of them wait for the writes to all others. Its sender gets a message as well.
 */
export class BatchGroup extends RelayGroup {
  #parts = [];
  /** What came in this turn and the one before. */
  #texts = [];
  /** Of `#texts`, how many each part was sent. */
  #sent = [];
  #at = 0;
  #isTurning = false;

  relay(sender, content) {
    const { group, padding } = sender.deserializeAttachment();
    this.#texts.push(padded(content, padding));
    if (this.#isTurning) return;
    this.#isTurning = true;
    const sockets = this.ctx.getWebSockets(group);
    const parts = Math.ceil(Math.max(MIN_TURN_MS, sockets.length * TURN_MS_PER_SOCKET) / STEP_MS);
    this.#parts = Array.from({ length: parts }, (_, part) =>
      sockets.filter((_socket, index) => index % parts === part),
    );
    this.#sent = this.#parts.map(() => 0);
    this.#at = 0;
    this.#stepAt(Date.now() + STEP_MS);
  }

  #stepAt(dueAt) {
    setTimeout(() => {
      this.#step();
      if (this.#isTurning) this.#stepAt(Math.max(Date.now(), dueAt + STEP_MS));
    }, dueAt - Date.now());
  }

  #step() {
    const at = this.#at++ % this.#parts.length;
    const frame = this.#texts.slice(this.#sent[at]).join("\n");
    this.#sent[at] = this.#texts.length;
    for (const socket of frame === "" ? [] : this.#parts[at]) {
      try {
        socket.send(frame);
      } catch {
        // It is closing.
      }
    }
    const done = Math.min(...this.#sent);
    this.#texts.splice(0, done);
    this.#sent = this.#sent.map((sent) => sent - done);
    this.#isTurning = this.#texts.length > 0;
  }
}

/** A relay with one row per message, answered when it is durable: the run-time holds what is sent until it has written. */
export class DurableGroup extends RelayGroup {
  #sql = this.ctx.storage.sql;

  constructor(context, env) {
    super(context, env);
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS messages (seq INTEGER PRIMARY KEY, content TEXT NOT NULL, created_at INTEGER NOT NULL)",
    );
  }

  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const number = (name) => Number(searchParams.get(name));
    if (pathname.endsWith("/fill")) return this.#fill(number("messages"), number("bytes"));
    if (pathname.endsWith("/page")) return this.#page(number("before"), number("limit"));
    return super.fetch(request);
  }

  /** A message is `<number> <content>`, its answer `a<number>`. */
  webSocketMessage(sender, text) {
    const { number, content } = numbered(text);
    this.insert(content);
    sender.send(`a${number}`);
    this.relay(sender, content);
  }

  insert(content) {
    this.#sql.exec("INSERT INTO messages (content, created_at) VALUES (?, ?)", content, Date.now());
  }

  #fill(messages, bytes) {
    const content = "the quick brown fox jumps over the lazy dog ".repeat(bytes / 44 + 1).slice(0, bytes);
    this.ctx.storage.transactionSync(() => {
      for (let count = 0; count < messages; count++) this.insert(content);
    });
    return Response.json({ messages });
  }

  #page(before, limit) {
    const rows = this.#sql.exec(
      "SELECT seq, content, created_at FROM messages WHERE seq < ? ORDER BY seq DESC LIMIT ?",
      before,
      limit,
    );
    return Response.json({ messages: rows.toArray() });
  }
}

/** The same with rows, answers and frames that are longer, and with a frame to the sender as well: as many bytes as Kabar's. */
export class WireGroup extends DurableGroup {
  webSocketMessage(sender, text) {
    const { number, content } = numbered(text);
    const { padding } = sender.deserializeAttachment();
    const whole = padded(content, padding);
    this.insert(whole);
    sender.send(padded(`a${number}`, padding));
    sender.send(whole);
    this.relay(sender, content);
  }
}

/** The same where messages that come while storage writes wait, and are then written together: one commit for all of them. */
export class CommitGroup extends WireGroup {
  #waiting = [];
  #isWriting = false;

  async webSocketMessage(sender, text) {
    if (this.#isWriting) await new Promise((resolve) => this.#waiting.push(resolve));
    else this.#write();
    super.webSocketMessage(sender, text);
  }

  #write() {
    this.#isWriting = true;
    // Behind what is written in this turn.
    queueMicrotask(() => this.ctx.storage.sync().then(() => this.#next()));
  }

  #next() {
    const group = this.#waiting;
    this.#waiting = [];
    this.#isWriting = false;
    for (const go of group) go();
    if (group.length > 0) this.#write();
  }
}

function numbered(text) {
  const space = text.indexOf(" ");
  return { number: text.slice(0, space), content: text.slice(space + 1) };
}

/** One object per group where it only relays; one for all groups where it stores, as a workspace of Kabar has one hub. */
export default {
  fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const group = searchParams.get("group") ?? "";
    const [objects, name] = placeOf(pathname, group, env);
    return objects.get(objects.idFromName(name)).fetch(request);
  },
};

function placeOf(pathname, group, env) {
  if (pathname.startsWith("/durable")) return [env.DURABLE, "workspace"];
  if (pathname.startsWith("/wire")) return [env.WIRE, "workspace"];
  if (pathname.startsWith("/commit")) return [env.COMMIT, "workspace"];
  return [pathname.startsWith("/batch") ? env.BATCH : env.RELAY, group];
}

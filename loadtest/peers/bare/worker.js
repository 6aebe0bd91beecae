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
    const group = new URL(request.url).searchParams.get("group") ?? "";
    this.ctx.acceptWebSocket(server, [group]);
    server.serializeAttachment(group);
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
    this.#groups.delete(socket.deserializeAttachment());
  }

  relay(sender, text) {
    const group = sender.deserializeAttachment();
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

/** The same with one row per message, answered when it is durable: the run-time holds what is sent until it has written. */
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
    const space = text.indexOf(" ");
    const content = text.slice(space + 1);
    this.#insert(content);
    sender.send(`a${text.slice(0, space)}`);
    this.relay(sender, content);
  }

  #insert(content) {
    this.#sql.exec("INSERT INTO messages (content, created_at) VALUES (?, ?)", content, Date.now());
  }

  #fill(messages, bytes) {
    const content = "the quick brown fox jumps over the lazy dog ".repeat(bytes / 44 + 1).slice(0, bytes);
    this.ctx.storage.transactionSync(() => {
      for (let count = 0; count < messages; count++) this.#insert(content);
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

/** One object per group where it only relays; one for all groups where it stores, as a workspace of Kabar has one hub. */
export default {
  fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const [objects, name] = pathname.startsWith("/durable")
      ? [env.DURABLE, "workspace"]
      : [env.RELAY, searchParams.get("group") ?? ""];
    return objects.get(objects.idFromName(name)).fetch(request);
  },
};

import { DurableObject } from "cloudflare:workers";

/** The limit line: an object that accepts sockets with hibernation, keeps an attachment of the size of ours, and does nothing else. */
export class BareObject extends DurableObject {
  constructor(context, env) {
    super(context, env);
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'));
  }

  fetch(request) {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const now = Date.now();
    server.serializeAttachment({
      id: crypto.randomUUID(),
      userId: crypto.randomUUID(),
      tokenExpiresAt: now + 3_600_000,
      connectedAt: now,
      heardAt: now,
      resumeFrom: 0,
    });
    server.send('{"type":"connection.ready"}');
    const protocol = request.headers.get("Sec-WebSocket-Protocol");
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: protocol === null ? {} : { "Sec-WebSocket-Protocol": protocol },
    });
  }

  webSocketMessage() {}

  webSocketClose() {}
}

/** Where requests come in, past the service for assets that the run-time puts before the default. */
export const Direct = {
  fetch(request, env) {
    if (request.headers.get("Upgrade") !== "websocket") return new Response("ok");
    return env.OBJECT.get(env.OBJECT.idFromName("one")).fetch(request);
  },
};

export default Direct;

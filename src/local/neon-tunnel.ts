import type { Server } from "node:http";
import net from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

/**
 * Adds Neon's WebSocket tunnel (`/v2`) to a door: bytes of the Postgres protocol from a WebSocket to the server and
 * back. For tools that use the driver's `Pool` and `Client`; Kabar itself uses HTTP only.
 */
export function addNeonTunnel(server: Server, databaseUrl: string): void {
  const { hostname, port } = new URL(databaseUrl);
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (!request.url?.startsWith("/v2")) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (client) => pipe(client, net.connect(Number(port || 5432), hostname)));
  });
}

function pipe(client: WebSocket, postgres: net.Socket): void {
  postgres.setNoDelay(true);
  client.on("message", (data: Buffer) => postgres.write(data));
  client.on("close", () => postgres.destroy());
  client.on("error", () => postgres.destroy());
  postgres.on("data", (data) => client.send(data));
  postgres.on("close", () => client.close());
  postgres.on("error", () => client.close());
}

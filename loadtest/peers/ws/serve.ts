import { type WebSocket, WebSocketServer } from "ws";
import { stopWithParent } from "../server/stop-with-parent.ts";

/** The relay that most tutorials show: rooms in memory, what one sends goes to each other member, nothing is kept. */
function serve(port: number): void {
  const server = new WebSocketServer({ host: "127.0.0.1", port });
  const groups = new Map<string, Set<WebSocket>>();
  server.on("connection", (socket, request) => {
    const name = new URL(request.url ?? "/", "ws://localhost").searchParams.get("group") ?? "";
    const group = groups.get(name) ?? new Set();
    groups.set(name, group.add(socket));
    socket.on("message", (data, binary) => {
      for (const client of group) {
        if (client !== socket && client.readyState === client.OPEN) client.send(data, { binary });
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => group.delete(socket));
  });
  stopWithParent(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
}

serve(Number(process.argv[2]));

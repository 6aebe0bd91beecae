import path from "node:path";
import type { Peer } from "../peer.ts";
import { npmPeer } from "../server/npm-server.ts";
import { openSocketIoMember } from "./member.ts";

/** Socket.IO with rooms, over WebSocket only. */
export function createSocketIo(): Peer {
  return npmPeer({
    name: "socketio",
    setup: "Node process with Socket.IO: io.to(room).emit over WebSocket, sends answered by callback; stores nothing",
    package: "socket.io",
    script: path.join(import.meta.dirname, "serve.ts"),
    openMember: (port, group, member, heard) =>
      openSocketIoMember(new URL(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`), group, member, heard),
  });
}

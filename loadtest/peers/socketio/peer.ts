import path from "node:path";
import type { Peer } from "../peer.ts";
import { ServerProcess } from "../server/child.ts";
import { npmVersion } from "../server/npm-version.ts";
import { openAll } from "../server/open-all.ts";
import { freePort, portAnswers } from "../server/ports.ts";
import { openSocketIoMember } from "./member.ts";

const START_MS = 15_000;

/** Socket.IO with rooms, over WebSocket only. */
export function createSocketIo(): Peer {
  return {
    name: "socketio",
    setup: "Node process with Socket.IO: io.to(room).emit over WebSocket, sends answered by callback; stores nothing",
    missing: () =>
      npmVersion("socket.io") === undefined ? "the npm package socket.io is not there: npm install" : undefined,
    async start() {
      const port = await freePort();
      const server = await ServerProcess.start({
        script: path.join(import.meta.dirname, "serve.ts"),
        args: [String(port)],
        isReady: () => portAnswers(port, 100),
        timeoutMs: START_MS,
      });
      const url = new URL(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
      return {
        version: `socket.io ${npmVersion("socket.io") ?? "?"}`,
        pids: [server.pid],
        join: (group, members, heard) => openAll(members, (member) => openSocketIoMember(url, group, member, heard)),
        stop: () => server.stop(),
      };
    },
  };
}

import path from "node:path";
import type { Peer } from "../peer.ts";
import { ServerProcess } from "../server/child.ts";
import { npmVersion } from "../server/npm-version.ts";
import { openAll } from "../server/open-all.ts";
import { freePort, portAnswers } from "../server/ports.ts";
import { openWsMember } from "./member.ts";

const START_MS = 15_000;

/** A plain relay on the npm package `ws`. */
export function createWs(): Peer {
  return {
    name: "ws",
    setup: "Node process with ws: rooms in memory, client.send(data) for each; stores and answers nothing",
    missing: () => (npmVersion("ws") === undefined ? "the npm package ws is not there: npm install" : undefined),
    async start() {
      const port = await freePort();
      const server = await ServerProcess.start({
        script: path.join(import.meta.dirname, "serve.ts"),
        args: [String(port)],
        isReady: () => portAnswers(port, 100),
        timeoutMs: START_MS,
      });
      return {
        version: `ws ${npmVersion("ws") ?? "?"}`,
        pids: [server.pid],
        join(group, members, heard) {
          const url = new URL(`ws://127.0.0.1:${port}/`);
          url.searchParams.set("group", group);
          return openAll(members, (member) => openWsMember(url, member, heard));
        },
        stop: () => server.stop(),
      };
    },
  };
}

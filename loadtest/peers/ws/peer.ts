import path from "node:path";
import type { Peer } from "../peer.ts";
import { npmPeer } from "../server/npm-server.ts";
import { openWsMember } from "./member.ts";

/** A plain relay on the npm package `ws`. */
export function createWs(): Peer {
  return npmPeer({
    name: "ws",
    setup: "Node process with ws: rooms in memory, client.send(data) for each; stores and answers nothing",
    package: "ws",
    script: path.join(import.meta.dirname, "serve.ts"),
    openMember(port, group, member, heard) {
      const url = new URL(`ws://127.0.0.1:${port}/`);
      url.searchParams.set("group", group);
      return openWsMember(url, member, heard);
    },
  });
}

import path from "node:path";
import { LoadError } from "../../errors.ts";
import { readEnvironment } from "../../measure/environment.ts";
import { findListener } from "../../measure/find-server.ts";
import type { Peer, RunningPeer } from "../peer.ts";
import { ServerProcess } from "../server/child.ts";
import { openAll } from "../server/open-all.ts";
import { freePort, portAnswers } from "../server/ports.ts";
import { BareHistory } from "./history.ts";
import { BareMember } from "./member.ts";

const START_MS = 30_000;

/** A workerd object that only relays, or that also writes one row per message and answers. */
export function createBare(durable: boolean): Peer {
  return {
    name: durable ? "bare-durable" : "bare",
    setup: durable
      ? "one workerd object for all groups: writes a row per message into its SQLite, answers when it is durable, and relays"
      : "a workerd object per group that relays to hibernating sockets; stores and answers nothing",
    missing: () => undefined,
    start: (folder) => start(durable, folder),
  };
}

async function start(durable: boolean, folder: string): Promise<RunningPeer> {
  const port = await freePort();
  const server = await ServerProcess.start({
    script: path.join(import.meta.dirname, "serve.ts"),
    args: [String(port), folder],
    isReady: () => portAnswers(port, 100),
    timeoutMs: START_MS,
  });
  try {
    const pid = findListener(port);
    if (pid === undefined) throw new LoadError("unable to find workerd's process; because there is no /proc");
    return {
      version: `workerd ${readEnvironment(true).workerd ?? "?"}`,
      pids: [pid],
      join(group, members, heard) {
        const url = new URL(`ws://127.0.0.1:${port}/${durable ? "durable" : "relay"}`);
        url.searchParams.set("group", group);
        return openAll(members, (member) => BareMember.open(url, durable, member, heard));
      },
      ...(durable ? { history: new BareHistory(new URL(`http://127.0.0.1:${port}`)) } : {}),
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

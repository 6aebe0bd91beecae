import path from "node:path";
import { LoadError } from "../errors.ts";
import { findListener } from "../measure/find-server.ts";
import { BareMember } from "../peers/bare/member.ts";
import { ServerProcess } from "../peers/server/child.ts";
import { openAll } from "../peers/server/open-all.ts";
import { freePort, portAnswers } from "../peers/server/ports.ts";
import type { HeapServer } from "./server.ts";

const START_MS = 30_000;

/** Starts `bare-worker.js` with its files in `folder`. */
export async function startBare(folder: string): Promise<HeapServer> {
  const port = await freePort();
  const inspectorPort = await freePort();
  const server = await ServerProcess.start({
    script: path.join(import.meta.dirname, "serve-bare.ts"),
    args: [String(port), String(inspectorPort), folder],
    isReady: () => portAnswers(port, 100),
    timeoutMs: START_MS,
  });
  const pid = findListener(port);
  if (pid === undefined) {
    await server.stop();
    throw new LoadError("unable to find workerd's process; because there is no /proc");
  }
  return {
    setup:
      "object that accepts sockets with hibernation and keeps an attachment of the size of ours, and does nothing else",
    pid,
    inspectorPort,
    isolate: "core:user:bare",
    pokeUrl: new URL(`http://127.0.0.1:${port}/`),
    prepare: async () => {},
    open: (from, to) =>
      openAll(to - from, (index) => BareMember.open(new URL(`ws://127.0.0.1:${port}/`), false, from + index, () => {})),
    stop: () => server.stop(),
  };
}

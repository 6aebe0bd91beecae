import path from "node:path";
import { LoadError } from "../../errors.ts";
import { readEnvironment } from "../../measure/environment.ts";
import { findListener } from "../../measure/find-server.ts";
import type { Peer, RunningPeer } from "../peer.ts";
import type { WorkName } from "../result-schema.ts";
import { ServerProcess } from "../server/child.ts";
import { openAll } from "../server/open-all.ts";
import { freePort, portAnswers } from "../server/ports.ts";
import { BareHistory } from "./history.ts";
import { BareMember } from "./member.ts";
import { WIRE_CONTENT_BYTES, WIRE_PADDING_BYTES } from "./wire-bytes.ts";

const START_MS = 30_000;

/** Which of the bare objects: each is the limit of what the run-time can do of one thing. */
export type BareName = "bare" | "bare-batch" | "bare-durable" | "bare-durable-wire" | "bare-group-commit" | "bare-wire";

interface BareKind {
  setup: string;
  works?: WorkName[];
  /** Of the object that relays; see `worker.js`. */
  path: "relay" | "batch" | "durable" | "wire" | "commit";
  /** Bytes by which what is relayed is longer than what was sent. */
  padding: number;
  /** Where it has a history. */
  history?: {
    /** Of a message, where it is not as long as with all other servers. */
    contentBytes?: number;
  };
}

const KINDS: Record<BareName, BareKind> = {
  bare: {
    setup: "a workerd object per group that relays to hibernating sockets; stores and answers nothing",
    path: "relay",
    padding: 0,
  },
  "bare-wire": {
    setup:
      "bare with frames, and the history of bare-durable with messages, as long as Kabar's: what the run-time can do with that many bytes",
    works: ["fanout", "history"],
    path: "relay",
    padding: WIRE_PADDING_BYTES,
    history: { contentBytes: WIRE_CONTENT_BYTES },
  },
  "bare-batch": {
    setup:
      "bare-wire, where a socket is sent what came for it in one frame a turn, of 25 ms and 0.05 ms for each socket, as with batch=1",
    works: ["fanout"],
    path: "batch",
    padding: WIRE_PADDING_BYTES,
  },
  "bare-durable": {
    setup:
      "one workerd object for all groups: writes a row per message into its SQLite, answers when it is durable, and relays",
    path: "durable",
    padding: 0,
    history: {},
  },
  "bare-durable-wire": {
    setup: "bare-durable with rows, answers and frames as long as Kabar's, and with a frame to the sender as well",
    works: ["fanout", "steady", "sends"],
    path: "wire",
    padding: WIRE_PADDING_BYTES,
  },
  "bare-group-commit": {
    setup: "bare-durable-wire, where messages that come while storage writes share the next commit",
    works: ["steady", "sends"],
    path: "commit",
    padding: WIRE_PADDING_BYTES,
  },
};

/** A workerd object that does one thing of what Kabar does, and nothing else. */
export function createBare(name: BareName): Peer {
  const kind = KINDS[name];
  const { setup, works } = kind;
  return { name, setup, ...(works && { works }), missing: () => undefined, start: (folder) => start(kind, folder) };
}

async function start({ path: at, padding, history }: BareKind, folder: string): Promise<RunningPeer> {
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
        const url = new URL(`ws://127.0.0.1:${port}/${at}`);
        url.searchParams.set("group", group);
        url.searchParams.set("padding", String(padding));
        const isDurable = at !== "relay" && at !== "batch";
        return openAll(members, (member) => BareMember.open(url, isDurable, member, heard));
      },
      ...(history && { history: new BareHistory(new URL(`http://127.0.0.1:${port}`), history.contentBytes) }),
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

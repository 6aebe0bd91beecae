import path from "node:path";
import { LoadError } from "../../errors.ts";
import { readEnvironment } from "../../measure/environment.ts";
import { HttpClient } from "../../net/http-client.ts";
import { PatientApi } from "../../run/patient-api.ts";
import { KabarStack } from "../kabar/stack.ts";
import type { Peer, RunningPeer } from "../peer.ts";
import { ServerProcess } from "../server/child.ts";
import { freePort, portAnswers } from "../server/ports.ts";
import { descendants } from "../server/process-tree.ts";
import { BarePostgresHistory } from "./history.ts";

const START_MS = 30_000;

/** What a Worker in workerd can do at most that reads its pages from Postgres over HTTP. Relays nothing. */
export function createBarePostgres(): Peer {
  return {
    name: "bare-postgres",
    setup:
      "a workerd Worker that makes JSON of one keyset query to Kabar's table, through the same door; no credential, membership, authors or reactions",
    works: ["history"],
    missing: () => undefined,
    start,
  };
}

async function start(folder: string): Promise<RunningPeer> {
  const stack = await KabarStack.start(folder);
  try {
    const port = await freePort();
    const { databaseUrl, databaseHttpUrl } = stack.target.local ?? {};
    if (databaseUrl === undefined || databaseHttpUrl === undefined) {
      throw new LoadError("the stack does not say where its database is");
    }
    const server = await ServerProcess.start({
      script: path.join(import.meta.dirname, "serve.ts"),
      args: [String(port), folder, databaseUrl, databaseHttpUrl],
      isReady: () => portAnswers(port, 100),
      timeoutMs: START_MS,
    });
    const http = new HttpClient(stack.target.baseUrl);
    const api = new PatientApi(http, () => {}, new AbortController().signal);
    return {
      version: `workerd ${readEnvironment(true).workerd ?? "?"}`,
      get pids() {
        return [server.pid, ...descendants(server.pid), ...stack.pids];
      },
      join: () => Promise.reject(new LoadError("bare-postgres only reads history")),
      history: new BarePostgresHistory(new URL(`http://127.0.0.1:${port}`), api, stack.target),
      async stop() {
        http.close();
        await server.stop();
        await stack.stop();
      },
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

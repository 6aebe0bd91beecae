import fs from "node:fs";
import path from "node:path";
import { LoadError } from "../../errors.ts";
import type { Peer, RunningPeer } from "../peer.ts";
import type { ServerProcess } from "../server/child.ts";
import { startProgram } from "../server/native.ts";
import { openAll } from "../server/open-all.ts";
import { freePort, portAnswers } from "../server/ports.ts";
import { descendants } from "../server/process-tree.ts";
import { type EjabberdSettings, ejabberdConfig } from "./config.ts";
import { findEjabberd, hasSqlite, type Installation } from "./installation.ts";
import { MamHistory } from "./mam-history.ts";
import { MucMember } from "./member.ts";
import { MnesiaArchive } from "./mnesia-archive.ts";
import { SqliteArchive } from "./sqlite-archive.ts";

const START_MS = 60_000;
const STOP_MS = 30_000;
/** Sockets and processes that the run-time may have. */
const MAX_PORTS = 65_536;
const MAX_PROCESSES = 1_000_000;

/** ejabberd with its default database, Mnesia. */
export function createEjabberd(): Peer {
  return create("ejabberd", "mnesia");
}

/** ejabberd with the archive in SQLite, which its authors recommend over Mnesia. */
export function createEjabberdSql(): Peer {
  return create("ejabberd-sqlite", "sqlite");
}

function create(name: string, archive: EjabberdSettings["archive"]): Peer {
  return {
    name,
    setup: `XMPP over WebSocket, a room per group without presence; each message archived (MAM) in ${archive === "sqlite" ? "SQLite" : "Mnesia"} before the room sends it to all, its sender included`,
    missing: () => missing(archive),
    start: (folder) => start(folder, archive),
  };
}

function missing(archive: EjabberdSettings["archive"]): string | undefined {
  const installation = findEjabberd();
  if (installation === undefined) return "ejabberd is not there: apt-get install ejabberd";
  if (archive === "mnesia" || hasSqlite(installation)) return undefined;
  return "Erlang has no SQLite: apt-get install erlang-p1-sqlite3";
}

async function start(folder: string, archive: EjabberdSettings["archive"]): Promise<RunningPeer> {
  const installation = findEjabberd();
  if (installation === undefined) throw new LoadError("unable to start ejabberd; because it is not installed");
  const port = await freePort();
  const server = await startServer(installation, { port, folder, archive });
  const url = new URL(`ws://127.0.0.1:${port}/ws`);
  const archiver = archive === "sqlite" ? new SqliteArchive(folder) : new MnesiaArchive(folder, server);
  return {
    version: `ejabberd ${installation.version}`,
    pids: [server.pid, ...descendants(server.pid)],
    join: (group, members, heard) => openAll(members, (member) => MucMember.open(url, group, member, heard)),
    history: new MamHistory(url, archiver),
    stop: () => server.stop(STOP_MS),
  };
}

/**
 * Starts the run-time without distribution, so that it neither has a name nor needs `epmd`, and with Erlang's shell on its
 * standard input, as `ejabberdctl live` does.
 */
function startServer({ erl, libraries }: Installation, settings: EjabberdSettings): Promise<ServerProcess> {
  const { folder, port } = settings;
  const config = path.join(folder, "ejabberd.yml");
  fs.writeFileSync(config, ejabberdConfig(settings));
  const options = ["+P", String(MAX_PROCESSES), "+Q", String(MAX_PORTS)];
  return startProgram({
    program: erl,
    args: [...options, "-mnesia", "dir", JSON.stringify(path.join(folder, "mnesia")), "-s", "ejabberd"],
    env: {
      HOME: folder,
      ERL_LIBS: libraries,
      ERL_CRASH_DUMP: path.join(folder, "crash.dump"),
      EJABBERD_CONFIG_PATH: config,
      EJABBERD_LOG_PATH: path.join(folder, "ejabberd.log"),
    },
    isReady: () => portAnswers(port, 100),
    timeoutMs: START_MS,
  });
}

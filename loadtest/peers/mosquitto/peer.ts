import fs from "node:fs";
import path from "node:path";
import { LoadError } from "../../errors.ts";
import type { Peer, RunningPeer } from "../peer.ts";
import { findProgram, startProgram } from "../server/native.ts";
import { openAll } from "../server/open-all.ts";
import { freePort, portAnswers } from "../server/ports.ts";
import { installedVersion, mosquittoConfig } from "./config.ts";
import { MosquittoMember } from "./member.ts";

const PROGRAM = "mosquitto";
const START_MS = 15_000;

/** mosquitto with a topic per group. */
export function createMosquitto(): Peer {
  return {
    name: "mosquitto",
    setup: "MQTT 3.1.1 over WebSocket, a topic per group with QoS 0; stores and answers nothing",
    missing: () =>
      findProgram(PROGRAM) === undefined ? "mosquitto is not there: apt-get install mosquitto" : undefined,
    start,
  };
}

async function start(folder: string): Promise<RunningPeer> {
  const program = findProgram(PROGRAM);
  if (program === undefined) throw new LoadError("unable to start mosquitto; because it is not installed");
  const [webSocketPort, tcpPort] = [await freePort(), await freePort()];
  const file = path.join(folder, "mosquitto.conf");
  fs.writeFileSync(file, mosquittoConfig({ webSocketPort, tcpPort }));
  const server = await startProgram({
    program,
    args: ["-c", file],
    isReady: () => portAnswers(webSocketPort, 100),
    timeoutMs: START_MS,
  });
  const url = new URL(`ws://127.0.0.1:${webSocketPort}/mqtt`);
  return {
    version: `mosquitto ${installedVersion(program)}`,
    pids: [server.pid],
    join: (group, members, heard) => openAll(members, (member) => MosquittoMember.open(url, group, member, heard)),
    stop: () => server.stop(),
  };
}

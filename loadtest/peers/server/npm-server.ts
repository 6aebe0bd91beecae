import type { GroupMember, Heard, Peer } from "../peer.ts";
import { ServerProcess } from "./child.ts";
import { npmVersion } from "./npm-version.ts";
import { openAll } from "./open-all.ts";
import { freePort, portAnswers } from "./ports.ts";

const START_MS = 15_000;

/** A peer that is an npm package in a Node process of its own. */
export function npmPeer(options: {
  name: string;
  setup: string;
  package: string;
  /** Module that listens on the port that is its first argument. */
  script: string;
  openMember(port: number, group: string, member: number, heard: Heard): Promise<GroupMember>;
}): Peer {
  const { name, setup, script, openMember } = options;
  return {
    name,
    setup,
    missing: () =>
      npmVersion(options.package) === undefined
        ? `the npm package ${options.package} is not there: npm install`
        : undefined,
    async start() {
      const port = await freePort();
      const server = await ServerProcess.start({
        script: script,
        args: [String(port)],
        isReady: () => portAnswers(port, 100),
        timeoutMs: START_MS,
      });
      return {
        version: `${options.package} ${npmVersion(options.package) ?? "?"}`,
        pids: [server.pid],
        join: (group, members, heard) => openAll(members, (member) => openMember(port, group, member, heard)),
        stop: () => server.stop(),
      };
    },
  };
}

import { HttpClient } from "../../net/http-client.ts";
import { socketUrl } from "../../run/bench.ts";
import { PatientApi } from "../../run/patient-api.ts";
import { createGroup, createUsers, issueTokens } from "../../run/population.ts";
import type { Peer, RunningPeer } from "../peer.ts";
import { openAll } from "../server/open-all.ts";
import { KabarHistory } from "./history.ts";
import { KabarMember } from "./member.ts";
import { KabarStack } from "./stack.ts";

const TOKEN_SECONDS = 3_600;

/** Kabar's local stack with everything on; with `batch` its sockets are opened with `?batch=1`. */
export function createKabar(batch: boolean): Peer {
  return {
    name: batch ? "kabar-batch" : "kabar",
    setup: `Kabar's local stack, ${batch ? "sockets with batch=1" : "one frame per event"}: durable append before the answer, membership, receipts, resume, archive to Postgres`,
    // Pages are read over REST, whatever the sockets do.
    ...(batch ? { works: ["fanout", "steady", "sends", "memory"] as const } : {}),
    missing: () => undefined,
    start: (folder) => start(batch, folder),
  };
}

async function start(batch: boolean, folder: string): Promise<RunningPeer> {
  const stack = await KabarStack.start(folder);
  const { target } = stack;
  const http = new HttpClient(target.baseUrl);
  const api = new PatientApi(http, () => {}, new AbortController().signal);
  const url = socketUrl(target.baseUrl, batch);
  return {
    version: stack.version,
    get pids() {
      return stack.pids;
    },
    async join(group, members, heard) {
      const externalIds = Array.from({ length: members }, (_, member) => `${group}-${member}`);
      await createUsers(api, target.credential, externalIds);
      const { channelId } = await createGroup(api, target.credential, group, externalIds);
      const tokens: string[] = [];
      await issueTokens(api, target.credential, externalIds, TOKEN_SECONDS, (token, member) => {
        tokens[member] = token;
      });
      return openAll(members, (member) =>
        KabarMember.open({ url, token: tokens[member] ?? "", channelId, member }, heard),
      );
    },
    history: new KabarHistory(api, target),
    async stop() {
      http.close();
      await stack.stop();
    },
  };
}

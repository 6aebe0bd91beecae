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

/** A group's channel, and its members' tokens in their order. */
interface MadeGroup {
  channelId: string;
  tokens: string[];
}

async function start(batch: boolean, folder: string): Promise<RunningPeer> {
  const stack = await KabarStack.start(folder);
  const prepared = new Map<string, MadeGroup>();
  let api = apiOf(stack);
  let history = new KabarHistory(api.calls, stack.target);
  return {
    version: stack.version,
    get pids() {
      return stack.pids;
    },
    async prepare(groups) {
      for (const { group, members } of groups) prepared.set(group, await makeGroup(api, stack, group, members));
      api.close();
      await stack.restart();
      api = apiOf(stack);
      history = new KabarHistory(api.calls, stack.target);
    },
    async join(group, members, heard) {
      const { channelId, tokens } = prepared.get(group) ?? (await makeGroup(api, stack, group, members));
      const url = socketUrl(stack.target.baseUrl, batch);
      return openAll(members, (member) =>
        KabarMember.open({ url, token: tokens[member] ?? "", channelId, member }, heard),
      );
    },
    get history() {
      return history;
    },
    async stop() {
      api.close();
      await stack.stop();
    },
  };
}

function apiOf({ target }: KabarStack): { calls: PatientApi; close(): void } {
  const http = new HttpClient(target.baseUrl);
  return { calls: new PatientApi(http, () => {}, new AbortController().signal), close: () => http.close() };
}

async function makeGroup(
  { calls }: { calls: PatientApi },
  { target }: KabarStack,
  group: string,
  members: number,
): Promise<MadeGroup> {
  const externalIds = Array.from({ length: members }, (_, member) => `${group}-${member}`);
  await createUsers(calls, target.credential, externalIds);
  const { channelId } = await createGroup(calls, target.credential, group, externalIds);
  const tokens: string[] = [];
  await issueTokens(calls, target.credential, externalIds, TOKEN_SECONDS, (token, member) => {
    tokens[member] = token;
  });
  return { channelId, tokens };
}

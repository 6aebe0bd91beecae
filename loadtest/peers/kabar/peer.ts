import { HttpClient } from "../../net/http-client.ts";
import { socketUrl } from "../../run/bench.ts";
import { PatientApi } from "../../run/patient-api.ts";
import { createGroup, createUsers, issueTokens } from "../../run/population.ts";
import type { Peer, RunningPeer } from "../peer.ts";
import { openAll } from "../server/open-all.ts";
import { KabarHistory } from "./history.ts";
import { KabarMember } from "./member.ts";
import { KabarStack, type StackVariant } from "./stack.ts";

const TOKEN_SECONDS = 3_600;

const DOES = "durable append before the answer, membership, receipts, resume, archive to Postgres";

/** An object store that is never asked, in place of the local one. */
const ELSEWHERE = {
  KABAR_S3_ENDPOINT: "http://127.0.0.1:9/",
  KABAR_S3_ACCESS_KEY_ID: "elsewhere",
  KABAR_S3_SECRET_ACCESS_KEY: "elsewhere",
};

/** Kabar's local stack as `npm start` has it. */
export function createKabar(): Peer {
  return {
    name: "kabar",
    setup: `Kabar's local stack, one frame per event: ${DOES}`,
    missing: () => undefined,
    start: (folder) => start(folder, {}),
  };
}

/** The same, where sockets are opened with `?batch=1`. */
export function createKabarBatch(): Peer {
  return {
    name: "kabar-batch",
    setup: `Kabar's local stack, sockets with batch=1: ${DOES}`,
    // Pages are read over REST, whatever the sockets do.
    works: ["fanout", "steady", "sends", "memory"],
    missing: () => undefined,
    start: (folder) => start(folder, { batch: true }),
  };
}

/** The same without eight isolates that stand in for R2 and for Cloudflare's server of web files, of which the others have none. */
export function createKabarAlone(): Peer {
  return {
    name: "kabar-alone",
    setup: "Kabar's local stack without what stands in for R2 and for the server of web files",
    works: ["memory"],
    missing: () => undefined,
    start: (folder) => start(folder, { variant: { env: ELSEWHERE, args: ["--no-web"] } }),
  };
}

/** A group's channel, and its members' tokens in their order. */
interface MadeGroup {
  channelId: string;
  tokens: string[];
}

async function start(
  folder: string,
  { batch = false, variant }: { batch?: boolean; variant?: StackVariant },
): Promise<RunningPeer> {
  const stack = await KabarStack.start(folder, variant);
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

import { LoadError } from "../errors.ts";
import { HttpClient } from "../net/http-client.ts";
import { KabarMember } from "../peers/kabar/member.ts";
import { KabarStack } from "../peers/kabar/stack.ts";
import { openAll } from "../peers/server/open-all.ts";
import { freePort } from "../peers/server/ports.ts";
import { socketUrl } from "../run/bench.ts";
import { PatientApi } from "../run/patient-api.ts";
import { createGroup, createUsers, issueTokens } from "../run/population.ts";
import type { HeapServer } from "./server.ts";

const GROUP_SIZE = 50;
const TOKEN_SECONDS = 3_600;

/** Starts Kabar's local stack with its files in `folder`. Sockets are of one user each, in groups of 50. */
export async function startKabar(folder: string): Promise<HeapServer> {
  const inspectorPort = await freePort();
  const stack = await KabarStack.start(folder, {
    env: { KABAR_WORKERD_INSPECTOR_PORT: String(inspectorPort) },
  });
  const { target } = stack;
  const { serverPid, credential } = target;
  if (serverPid === undefined) {
    await stack.stop();
    throw new LoadError("unable to find workerd's process; because the stack does not name it");
  }
  const http = new HttpClient(target.baseUrl);
  const api = new PatientApi(http, () => {}, new AbortController().signal);
  const url = socketUrl(target.baseUrl, false);
  const channels: string[] = [];
  const tokens: string[] = [];
  return {
    setup: `one workspace of the local stack, one user a socket, in groups of ${GROUP_SIZE}`,
    pid: serverPid,
    inspectorPort,
    isolate: "core:user:kabar",
    pokeUrl: new URL("/healthz", target.baseUrl),
    async prepare(sockets) {
      const users = Array.from({ length: sockets }, (_, index) => `heap-${index}`);
      await createUsers(api, credential, users);
      for (let first = 0; first < sockets; first += GROUP_SIZE) {
        const members = users.slice(first, first + GROUP_SIZE);
        channels.push((await createGroup(api, credential, `heap-group-${first}`, members)).channelId);
      }
      await issueTokens(api, credential, users, TOKEN_SECONDS, (token, index) => {
        tokens[index] = token;
      });
    },
    open: (from, to) =>
      openAll(to - from, (index) => {
        const member = from + index;
        const channelId = channels[Math.floor(member / GROUP_SIZE)] ?? "";
        return KabarMember.open({ url, token: tokens[member] ?? "", channelId, member }, () => {});
      }),
    async stop() {
      http.close();
      await stack.stop();
    },
  };
}

import { channelSchema } from "../../src/protocol/channel.ts";
import { historySchema, messageSchema } from "../../src/protocol/message.ts";
import { tokenSchema } from "../../src/protocol/token.ts";
import { userSchema } from "../../src/protocol/user.ts";
import type { Audience } from "../measure/ledger.ts";
import type { Scenario } from "../scenario.ts";
import { forEachLimited } from "./clock.ts";
import type { PatientApi } from "./patient-api.ts";

/** One user of the run, with a token and a place in a group. */
export interface LoadUser {
  externalId: string;
  token: string;
  group: Audience;
  /** Index within the group. */
  member: number;
}

const CONCURRENCY = 16;
const SPARE_TOKEN_SECONDS = 3_600;

/**
 * Users, tokens and groups of a scenario, made through the public REST API. The ids are the same every time, so a
 * second run finds what the first one made. Groups are always complete: members beyond the last socket stay offline.
 */
export async function populate(scenario: Scenario, api: PatientApi, key: string, run: string): Promise<LoadUser[]> {
  const { sockets, group_size: size, seconds } = scenario;
  const groupCount = Math.ceil(sockets / size);
  const externalIds = Array.from({ length: groupCount * size }, (_, index) => `load-user-${pad(index)}`);
  await forEachLimited(externalIds, CONCURRENCY, async (externalId) => {
    const body = { external_id: externalId, name: externalId.replace("load-user-", "Load user ") };
    await api.call({ method: "POST", path: "/v1/users", credential: key, body }, userSchema);
  });
  const groups: Audience[] = [];
  await forEachLimited(Array.from({ length: groupCount }), CONCURRENCY, async (_, index) => {
    const members = externalIds.slice(index * size, (index + 1) * size);
    groups[index] = await createGroup(api, key, `load-group-${size}-${pad(index)}`, members);
    await fillHistory(api, key, groups[index].channelId, members, scenario.history_limit, run);
  });
  const users: LoadUser[] = [];
  await forEachLimited(externalIds.slice(0, sockets), CONCURRENCY, async (externalId, index) => {
    const path = `/v1/users/${externalId}/tokens`;
    const body = { ttl_seconds: seconds + SPARE_TOKEN_SECONDS };
    const { token } = await api.call({ method: "POST", path, credential: key, body }, tokenSchema);
    const group = groups[Math.floor(index / size)];
    if (group === undefined) throw new RangeError(`user ${index} has no group`);
    users[index] = { externalId, token, group, member: index % size };
  });
  return users;
}

async function createGroup(api: PatientApi, key: string, externalId: string, members: string[]): Promise<Audience> {
  const body = {
    type: "group",
    external_id: externalId,
    name: externalId,
    member_external_ids: members,
    created_by: members[0],
  };
  const channel = await api.call({ method: "POST", path: "/v1/channels", credential: key, body }, channelSchema);
  return { channelId: channel.id, online: members.map(() => false) };
}

/** Sends what a group lacks for a full page of history, so that a read of 50 is one of 50 from the first second. */
async function fillHistory(
  api: PatientApi,
  key: string,
  channelId: string,
  members: string[],
  wanted: number,
  run: string,
): Promise<void> {
  const path = `/v1/channels/${channelId}/messages`;
  const page = await api.call({ method: "GET", path: `${path}?limit=${wanted}`, credential: key }, historySchema);
  for (let number = page.messages.length; number < wanted; number++) {
    const body = {
      user_id: members[number % members.length],
      content: `An older message, number ${number}, so that there is a page to read.`,
      idempotency_key: `load-fill-${run}-${number}`,
    };
    await api.call({ method: "POST", path, credential: key, body }, messageSchema);
  }
}

function pad(index: number): string {
  return String(index + 1).padStart(5, "0");
}

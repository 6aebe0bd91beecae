import { z } from "zod";
import { channelSchema } from "../../src/protocol/channel.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { historySchema, messageSchema } from "../../src/protocol/message.ts";
import { tokenSchema } from "../../src/protocol/token.ts";
import { userSchema } from "../../src/protocol/user.ts";
import type { Audience } from "../measure/ledger.ts";
import type { Scenario } from "../scenario.ts";
import type { LoadTarget } from "../target.ts";
import { forEachLimited } from "./clock.ts";
import type { PatientApi } from "./patient-api.ts";
import { ensureWorkspaces } from "./workspaces.ts";

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
/** Members that the creation of a channel names: more do not go into one body, and follow in calls of their own. */
const FIRST_MEMBERS = 1_000;

/**
 * Users, tokens and groups of a scenario, made through the public REST API, in as many workspaces as it names. The ids
 * are the same every time, so a second run finds what the first one made. Groups are always complete: members beyond the
 * last socket stay offline.
 */
export async function populate(scenario: Scenario, api: PatientApi, target: LoadTarget, run: string) {
  const keys = scenario.workspaces === 1 ? [target.credential] : await ensureWorkspaces(target, scenario.workspaces);
  const sockets = Math.ceil(scenario.sockets / keys.length);
  const users: LoadUser[] = [];
  for (const key of keys) users.push(...(await populateWorkspace({ ...scenario, sockets }, api, key, run)));
  return users;
}

async function populateWorkspace(scenario: Scenario, api: PatientApi, key: string, run: string): Promise<LoadUser[]> {
  const { sockets, group_size: size } = scenario;
  const groupCount = Math.ceil(sockets / size);
  const externalIds = Array.from({ length: groupCount * size }, (_, index) => `load-user-${pad(index)}`);
  await createUsers(api, key, externalIds);
  const groups: Audience[] = [];
  await forEachLimited(Array.from({ length: groupCount }), CONCURRENCY, async (_, index) => {
    const members = externalIds.slice(index * size, (index + 1) * size);
    groups[index] = await createGroup(api, key, `load-group-${size}-${pad(index)}`, members);
    if (scenario.history_reads_per_second === 0) return;
    await fillHistory(api, key, groups[index].channelId, members, scenario.history_limit, run);
  });
  const users: LoadUser[] = [];
  await issueTokens(api, key, externalIds.slice(0, sockets), scenario.seconds, (token, index) => {
    const group = groups[Math.floor(index / size)];
    if (group === undefined) throw new RangeError(`user ${index} has no group`);
    users[index] = { externalId: externalIds[index] ?? "", token, group, member: index % size };
  });
  return users;
}

export async function createUsers(api: PatientApi, key: string, externalIds: readonly string[]): Promise<void> {
  await forEachLimited(externalIds, CONCURRENCY, async (externalId) => {
    const body = { external_id: externalId, name: externalId.replace("load-user-", "Load user ") };
    await api.call({ method: "POST", path: "/v1/users", credential: key, body }, userSchema());
  });
}

/** Tokens that outlive a run of so many seconds. */
export async function issueTokens(
  api: PatientApi,
  key: string,
  externalIds: readonly string[],
  seconds: number,
  take: (token: string, index: number) => void,
): Promise<void> {
  await forEachLimited(externalIds, CONCURRENCY, async (externalId, index) => {
    const path = `/v1/users/${externalId}/tokens`;
    const body = { ttl_seconds: seconds + SPARE_TOKEN_SECONDS };
    take((await api.call({ method: "POST", path, credential: key, body }, tokenSchema())).token, index);
  });
}

/** A group with these members, made or found; all of them offline. */
export async function createGroup(
  api: PatientApi,
  key: string,
  externalId: string,
  members: readonly string[],
): Promise<Audience> {
  const body = {
    type: "group",
    external_id: externalId,
    name: externalId,
    member_external_ids: members.slice(0, FIRST_MEMBERS),
    created_by: members[0],
  };
  const channel = await api.call({ method: "POST", path: "/v1/channels", credential: key, body }, channelSchema());
  const path = `/v1/channels/${channel.id}/members`;
  for (let from = FIRST_MEMBERS; from < members.length; from += LIMITS.memberIdsPerCall) {
    const ids = members.slice(from, from + LIMITS.memberIdsPerCall);
    await api.call({ method: "POST", path, credential: key, body: { user_ids: ids } }, z.unknown());
  }
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
  const page = await api.call({ method: "GET", path: `${path}?limit=${wanted}`, credential: key }, historySchema());
  for (let number = page.messages.length; number < wanted; number++) {
    const body = {
      user_id: members[number % members.length],
      content: `An older message, number ${number}, so that there is a page to read.`,
      idempotency_key: `load-fill-${run}-${number}`,
    };
    await api.call({ method: "POST", path, credential: key, body }, messageSchema());
  }
}

function pad(index: number): string {
  return String(index + 1).padStart(5, "0");
}

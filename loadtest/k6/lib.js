/**
 * What the k6 scripts share: the scenario file, the target, and the users. Written in ES2015 so that every k6 from 0.49
 * on reads it as it is.
 */
import { check, fail, sleep } from "k6";
import http from "k6/http";
import { Counter, Trend } from "k6/metrics";

/** @typedef {{ token: string, channel: string, name: string }} LoadUser */
/** @typedef {{ users: LoadUser[], startAt: number }} SetupData */
/** @typedef {ReturnType<typeof findTarget>} Target */
/** @typedef {[path: string, body: object]} Call */
/** @typedef {import("../play-schema.ts").Play} Play */
/**
 * What the scripts read of a scenario's file. Written out, because the schema of it needs Node and cannot be imported.
 *
 * @template {Play | undefined} [P=Play | undefined]
 * @typedef {object} Scenario
 * @property {number} seconds
 * @property {number} sockets
 * @property {number} group_size
 * @property {boolean} [batch]
 * @property {number} connects_per_second
 * @property {number} ping_interval_seconds
 * @property {number} senders
 * @property {number} send_interval_seconds
 * @property {number} socket_share
 * @property {number} content_bytes
 * @property {number} history_reads_per_second
 * @property {number} history_limit
 * @property {P} play
 * @property {{ metric: string, below?: number }[]} targets
 */

/** Messages carry the moment for which they were intended, so that any member can tell how long they took. */
const MARK = /^k6:(\d+(?:\.\d+)?) /;
const FILLER = "the quick brown fox jumps over the lazy dog ".repeat(200);
/** Members that one call names, as the contract limits it; the creation of a group may name more. */
const IDS_PER_CALL = 100;
const FIRST_MEMBERS = 1000;
const PARALLEL = 16;

export const pingTime = new Trend("ping_ms", true);
export const sendSocketTime = new Trend("send_socket_ms", true);
export const sendRestTime = new Trend("send_rest_ms", true);
export const deliveryTime = new Trend("delivery_ms", true);
export const historyTime = new Trend("history_ms", true);
export const resumeTime = new Trend("resume_ms", true);
export const acknowledged = new Counter("messages_acknowledged");
export const deliveries = new Counter("deliveries");
export const duplicates = new Counter("duplicate_deliveries");
export const pagesRead = new Counter("pages_read");
export const refusals = new Counter("refusals");
export const unexpectedCloses = new Counter("unexpected_closes");
export const socketsResumed = new Counter("sockets_resumed");

/** Everything that must stay at nothing, in whichever script. */
export const CLEAN = {
  duplicate_deliveries: ["count==0"],
  refusals: ["count==0"],
  unexpected_closes: ["count==0"],
};

/**
 * The scenario that `-e SCENARIO=name` chooses, with `-e SOCKETS=n` and `-e SECONDS=n` over it. Only at the top of a script.
 *
 * @template {Play | undefined} [P=Play | undefined]
 * @param {string} otherwise
 * @param {Play["kind"][]} kinds that the script plays
 * @returns {Scenario<P>}
 */
export function loadScenario(otherwise, kinds) {
  const name = __ENV.SCENARIO || otherwise;
  /** @type {Scenario<P>} */
  const file = JSON.parse(open(`../scenarios/${name}.json`));
  checkKind(name, file.play ? file.play.kind : "steady", kinds);
  const sockets = Number(__ENV.SOCKETS || file.sockets);
  return Object.assign({}, file, {
    sockets: sockets,
    seconds: Number(__ENV.SECONDS || file.seconds),
    senders: file.sockets === 0 ? file.senders : Math.round((file.senders * sockets) / file.sockets),
    group_size: file.group_size === file.sockets ? sockets : file.group_size,
  });
}

/**
 * A script would play another kind in its own way, and pass.
 *
 * @param {string} name
 * @param {Play["kind"]} kind
 * @param {Play["kind"][]} kinds
 */
function checkKind(name, kind, kinds) {
  if (kinds.indexOf(kind) !== -1) return;
  const played = kinds.map((one) => `"${one}"`).join(", ");
  throw new Error(`The scenario "${name}" is of the kind "${kind}", and this script plays ${played} only.`);
}

/** Where the load goes: the environment first, then what the local stack wrote. Only at the top of a script. */
export function findTarget() {
  const dev = readDevFile();
  const baseUrl = __ENV.KABAR_BASE_URL || dev.base_url;
  const key = __ENV.KABAR_API_KEY || dev.api_key;
  const secret = __ENV.KABAR_API_SECRET || dev.api_secret;
  if (!baseUrl || !key || !secret) {
    throw new Error("No target: run `npm start`, or set KABAR_BASE_URL, KABAR_API_KEY and KABAR_API_SECRET.");
  }
  const isLocal = /^https?:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?(\/|$)/.test(baseUrl);
  if (!isLocal && __ENV.ALLOW_REMOTE !== "1") {
    throw new Error(`${baseUrl} is not this machine; if it is yours to load, repeat with -e ALLOW_REMOTE=1.`);
  }
  return { baseUrl: baseUrl, key: `${key}:${secret}` };
}

/** @returns {{ base_url?: string, api_key?: string, api_secret?: string }} */
function readDevFile() {
  try {
    return JSON.parse(open(__ENV.KABAR_DEV_FILE || "../../.kabar/dev.json"));
  } catch (_missing) {
    return {};
  }
}

/** @param {string} baseUrl @param {boolean} [batch] */
export function socketUrl(baseUrl, batch) {
  return `${baseUrl.replace(/^http/, "ws")}/v1/ws${batch ? "?batch=1" : ""}`;
}

/** @param {string} token */
export function socketParams(token) {
  return { headers: { "Sec-WebSocket-Protocol": `cariosan.jwt.${token}` } };
}

/** @param {string} credential */
export function jsonParams(credential) {
  return { headers: { Authorization: `Bearer ${credential}`, "Content-Type": "application/json" } };
}

/** Content of `bytes` ASCII characters with the moment in it. @param {number} bytes */
export function markedContent(bytes) {
  const mark = `k6:${Date.now()} `;
  return `${mark}${FILLER.slice(0, Math.max(0, bytes - mark.length))}`;
}

/** Milliseconds since the message was sent; undefined for anyone else's message. @param {string} content */
export function ageOf(content) {
  const match = MARK.exec(content);
  return match === null ? undefined : Date.now() - Number(match[1]);
}

/**
 * Users, tokens and groups with the ids that the Node driver gives them. Other than there, all of them are in the one
 * workspace of the key, and groups are not filled with messages to read. For `setup`.
 *
 * @param {Scenario} scenario
 * @param {Target} target
 * @returns {LoadUser[]}
 */
export function populate(scenario, target) {
  const size = scenario.group_size;
  const groups = Math.ceil(scenario.sockets / size);
  /** @type {string[]} */
  const names = [];
  for (let index = 0; index < groups * size; index++) names.push(`load-user-${pad(index)}`);
  const people = names.map((name) => ({ external_id: name, name: name.replace("load-user-", "Load user ") }));
  /** @type {Call[]} */
  const creations = people.map((body) => ["/v1/users", body]);
  callAll(target, creations);
  /** @type {string[]} */
  const channels = [];
  for (let index = 0; index < groups; index++) {
    const members = names.slice(index * size, (index + 1) * size);
    channels.push(createGroup(target, `load-group-${size}-${pad(index)}`, members));
  }
  const wanted = names.slice(0, scenario.sockets);
  const life = { ttl_seconds: scenario.seconds + 3600 };
  const paths = wanted.map((name) => `/v1/users/${name}/tokens`);
  /** @type {Call[]} */
  const issues = paths.map((path) => [path, life]);
  /** @type {{ token: string }[]} */
  const tokens = callAll(target, issues);
  return wanted.map((name, index) => ({
    name: name,
    token: defined(tokens[index], "a user's token").token,
    channel: defined(channels[Math.floor(index / size)], "a user's group"),
  }));
}

/**
 * @param {Target} target
 * @param {string} externalId
 * @param {string[]} members
 * @returns {string} id of the channel
 */
function createGroup(target, externalId, members) {
  const body = {
    type: "group",
    external_id: externalId,
    name: externalId,
    member_external_ids: members.slice(0, FIRST_MEMBERS),
    created_by: members[0],
  };
  /** @type {{ id: string }[]} */
  const created = callAll(target, [["/v1/channels", body]]);
  const channel = defined(created[0], "the new channel");
  for (let from = FIRST_MEMBERS; from < members.length; from += IDS_PER_CALL) {
    callAll(target, [[`/v1/channels/${channel.id}/members`, { user_ids: members.slice(from, from + IDS_PER_CALL) }]]);
  }
  return channel.id;
}

/**
 * POSTs with the workspace's key, some at a time; waits where the server says so.
 *
 * @template {import("k6").JSONValue} T
 * @param {Target} target
 * @param {Call[]} calls
 * @returns {T[]} the answers, in the order of the calls
 */
export function callAll(target, calls) {
  const params = jsonParams(target.key);
  /** @type {T[]} */
  const answers = [];
  for (let from = 0; from < calls.length; from += PARALLEL) {
    let waiting = calls.slice(from, from + PARALLEL).map((call, index) => ({ call: call, at: from + index }));
    for (let attempt = 0; waiting.length > 0; attempt++) {
      if (attempt > 20) fail("the server keeps refusing the setup");
      /** @type {(one: { call: Call }) => import("k6/http").ArrayBatchRequest} */
      const toRequest = (one) => ["POST", `${target.baseUrl}${one.call[0]}`, JSON.stringify(one.call[1]), params];
      const responses = http.batch(waiting.map(toRequest));
      let wait = 0;
      /** @type {typeof waiting} */
      const again = [];
      responses.forEach((response, index) => {
        const one = defined(waiting[index], "the call of an answer");
        if (response.status >= 200 && response.status < 300) answers[one.at] = /** @type {T} */ (response.json());
        else if (response.status === 429 || response.status >= 500 || response.status === 0) {
          wait = Math.max(wait, Number(response.headers["Retry-After"] || 1));
          again.push(one);
        } else fail(`unable to POST ${one.call[0]}; because HTTP ${response.status}: ${response.body}`);
      });
      waiting = again;
      if (waiting.length > 0) sleep(wait);
    }
  }
  return answers;
}

/**
 * A read or a send over REST that must be answered with 2xx.
 *
 * @param {import("k6/http").Response} response
 * @param {string} what
 */
export function expectOk(response, what) {
  const ok = check(response, { [`${what} is answered with 2xx`]: (one) => one.status >= 200 && one.status < 300 });
  if (!ok) refusals.add(1);
  return ok;
}

/**
 * What the script cannot go on without, such as an element of a list.
 *
 * @template T
 * @param {T | undefined} value
 * @param {string} what
 * @returns {T}
 */
export function defined(value, what) {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
}

/** @param {number} index */
function pad(index) {
  return `0000${index + 1}`.slice(-5);
}

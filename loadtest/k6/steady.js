/**
 * Scenarios at fixed rates: `k6 run -e SCENARIO=baseline steady.js`, also `targets`, `soak` and `connections` (all of its
 * sockets at once). One virtual user is one socket; REST sends and reads have executors of their own, which start them
 * on time whether or not earlier ones were answered.
 */
import { sleep } from "k6";
import exec from "k6/execution";
import http from "k6/http";
import ws from "k6/ws";
import { Client } from "./client.js";
import {
  acknowledged,
  CLEAN,
  defined,
  expectOk,
  findTarget,
  historyTime,
  jsonParams,
  loadScenario,
  markedContent,
  populate,
  sendRestTime,
  socketParams,
  socketUrl,
  unexpectedCloses,
} from "./lib.js";

/** @type {import("./lib.js").Scenario} */
const scenario = loadScenario("baseline", ["steady", "soak", "connections"]);
const target = findTarget();
const rampSeconds = Math.ceil(scenario.sockets / scenario.connects_per_second) + 5;
const socketSenders = Math.round(scenario.senders * scenario.socket_share);
const restSenders = scenario.senders - socketSenders;

/** @type {import("k6/options").Options} */
export const options = {
  setupTimeout: "20m",
  scenarios: executors(),
  // Without the count a run whose every iteration fails would pass.
  thresholds: Object.assign({ messages_acknowledged: ["count>0"] }, CLEAN, thresholds()),
};

function executors() {
  /** @type {{ [name: string]: import("k6/options").Scenario }} */
  const found = {
    sockets: {
      executor: "per-vu-iterations",
      exec: "socket",
      vus: scenario.sockets,
      iterations: 1,
      maxDuration: `${rampSeconds + scenario.seconds + 60}s`,
    },
  };
  /** @type {(exec: string, rate: number, timeUnit: string) => import("k6/options").Scenario} */
  const beside = (exec, rate, timeUnit) => ({
    executor: "constant-arrival-rate",
    exec: exec,
    rate: rate,
    timeUnit: timeUnit,
    startTime: `${rampSeconds}s`,
    duration: `${scenario.seconds}s`,
    preAllocatedVUs: 20,
    maxVUs: 200,
  });
  if (restSenders > 0) found.rest_sends = beside("restSend", restSenders, `${scenario.send_interval_seconds}s`);
  if (scenario.history_reads_per_second > 0) {
    found.history = beside("history", Math.round(scenario.history_reads_per_second * 60), "60s");
  }
  return found;
}

function thresholds() {
  /** @type {{ [metric: string]: string }} */
  const trends = { ping_p95_ms: "ping_ms", delivery_p95_ms: "delivery_ms", history_p95_ms: "history_ms" };
  /** @type {{ [metric: string]: string[] }} */
  const found = {};
  scenario.targets.forEach((one) => {
    if (one.below === undefined) return;
    const trend = trends[one.metric];
    if (one.metric === "send_p95_ms") {
      if (socketSenders > 0) found.send_socket_ms = [`p(95)<${one.below}`];
      if (restSenders > 0) found.send_rest_ms = [`p(95)<${one.below}`];
    } else if (trend) found[trend] = [`p(95)<${one.below}`];
  });
  return found;
}

/** @returns {import("./lib.js").SetupData} */
export function setup() {
  return { users: populate(scenario, target), startAt: Date.now() };
}

/** @param {import("./lib.js").SetupData} data */
export function socket(data) {
  // Not from __VU: that counts over all executors, so that two sockets could have one user.
  const index = exec.scenario.iterationInTest;
  const client = new Client(defined(data.users[index], "a user"), scenario);
  sleep(index / scenario.connects_per_second);
  const measureFrom = data.startAt + rampSeconds * 1000;
  const until = measureFrom + scenario.seconds * 1000;
  let closing = false;
  const url = socketUrl(target.baseUrl, scenario.batch);
  ws.connect(url, socketParams(client.user.token), (connection) => {
    client.attach(connection);
    repeat(connection, scenario.ping_interval_seconds * 1000, measureFrom, () => client.ping());
    if (isSender(index)) repeat(connection, scenario.send_interval_seconds * 1000, measureFrom, () => client.send());
    // The last deliveries and answers may still be on their way.
    const finish = () => {
      closing = true;
      connection.close();
    };
    connection.setTimeout(finish, Math.max(1, until + 2000 - Date.now()));
  });
  if (!closing) unexpectedCloses.add(1);
}

/**
 * Something once per period, first at a random moment of it, so that the crowd is spread.
 *
 * @param {import("k6/ws").Socket} connection
 * @param {number} periodMs
 * @param {number} from
 * @param {() => void} work
 */
function repeat(connection, periodMs, from, work) {
  const wait = Math.max(1, from - Date.now() + Math.random() * periodMs);
  connection.setTimeout(() => {
    work();
    connection.setInterval(work, periodMs);
  }, wait);
}

/** Senders over sockets are spread over all users. @param {number} index */
function isSender(index) {
  /** @param {number} n */
  const at = (n) => Math.floor((n * socketSenders) / scenario.sockets);
  return at(index + 1) > at(index);
}

/** @param {import("./lib.js").SetupData} data */
function anyUser(data) {
  return defined(data.users[Math.floor(Math.random() * data.users.length)], "a user");
}

/** @param {import("./lib.js").SetupData} data */
export function restSend(data) {
  const user = anyUser(data);
  const body = {
    content: markedContent(scenario.content_bytes),
    idempotency_key: `k6-${__VU}-${__ITER}-${Date.now()}`,
  };
  const url = `${target.baseUrl}/v1/channels/${user.channel}/messages`;
  const response = http.post(url, JSON.stringify(body), jsonParams(user.token));
  if (!expectOk(response, "a send")) return;
  sendRestTime.add(response.timings.duration);
  acknowledged.add(1);
}

/** @param {import("./lib.js").SetupData} data */
export function history(data) {
  const user = anyUser(data);
  const url = `${target.baseUrl}/v1/channels/${user.channel}/messages?limit=${scenario.history_limit}`;
  const response = http.get(url, jsonParams(user.token));
  if (expectOk(response, "a page of history")) historyTime.add(response.timings.duration);
}

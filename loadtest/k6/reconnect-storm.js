/**
 * `k6 run reconnect-storm.js`: all sockets close at one moment and come back with `resume`, while messages are sent over
 * REST. What was missed must come once: duplicates fail the run, and so does a socket that did not resume.
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
  jsonParams,
  loadScenario,
  markedContent,
  populate,
  refusals,
  resumeTime,
  sendRestTime,
  socketParams,
  socketsResumed,
  socketUrl,
} from "./lib.js";

/** @type {import("./lib.js").Scenario<import("../play-schema.ts").PlayOf<"reconnect-storm">>} */
const scenario = loadScenario("reconnect-storm", ["reconnect-storm"]);
const target = findTarget();
const play = scenario.play;
const rampSeconds = Math.ceil(scenario.sockets / scenario.connects_per_second) + 5;

/** @type {import("k6/options").Options} */
export const options = {
  setupTimeout: "20m",
  scenarios: {
    sockets: {
      executor: "per-vu-iterations",
      exec: "socket",
      vus: scenario.sockets,
      iterations: 1,
      maxDuration: `${rampSeconds + scenario.seconds + play.give_up_seconds}s`,
    },
    rest_sends: {
      executor: "constant-arrival-rate",
      exec: "restSend",
      rate: Math.max(1, scenario.senders),
      timeUnit: `${scenario.send_interval_seconds}s`,
      startTime: `${rampSeconds}s`,
      duration: `${scenario.seconds}s`,
      preAllocatedVUs: 20,
      maxVUs: 200,
    },
  },
  // The count, because a percentile of nothing is below every limit.
  thresholds: Object.assign({ resume_ms: ["p(95)<5000"], sockets_resumed: [`count==${scenario.sockets}`] }, CLEAN),
};

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
  const dropAt = data.startAt + (rampSeconds + play.drop_at_second) * 1000;
  const until = data.startAt + (rampSeconds + scenario.seconds) * 1000 + 2000;
  stay(client, dropAt);
  // It was never open: a resume from its first cursor would be no resume.
  if (client.cursor === undefined) return;
  sleep(Math.random() * play.spread_seconds);
  const attemptAt = Date.now();
  client.onReady = () => client.resume();
  client.onResumed = (how) => {
    if (how === "resumed") {
      resumeTime.add(Date.now() - attemptAt);
      socketsResumed.add(1);
    } else refusals.add(1, { code: "RESYNC" });
  };
  stay(client, until);
}

/** @param {Client} client @param {number} until */
function stay(client, until) {
  ws.connect(socketUrl(target.baseUrl, scenario.batch), socketParams(client.user.token), (connection) => {
    client.attach(connection);
    connection.setTimeout(() => connection.close(), Math.max(1, until - Date.now()));
  });
}

/** @param {import("./lib.js").SetupData} data */
export function restSend(data) {
  const user = defined(data.users[Math.floor(Math.random() * data.users.length)], "a user");
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

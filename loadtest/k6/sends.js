/** `k6 run sends.js`: durable sends over REST, with as many in flight as the scenario's REST step says. */
import http from "k6/http";
import {
  acknowledged,
  defined,
  expectOk,
  findTarget,
  jsonParams,
  loadScenario,
  markedContent,
  populate,
  refusals,
  sendRestTime,
} from "./lib.js";

/** @type {import("./lib.js").Scenario<import("../play-schema.ts").PlayOf<"sends">>} */
const scenario = loadScenario("sends", ["sends"]);
const target = findTarget();
const step = defined(scenario.play.steps.filter((one) => one.path === "rest")[0], "a REST step of the scenario");

/** @type {import("k6/options").Options} */
export const options = {
  setupTimeout: "20m",
  vus: step.in_flight,
  duration: `${scenario.seconds}s`,
  // Without the second one a run whose every iteration fails would pass.
  thresholds: { refusals: ["count==0"], messages_acknowledged: ["count>0"] },
};

/** @returns {import("./lib.js").SetupData} */
export function setup() {
  return { users: populate(scenario, target), startAt: Date.now() };
}

/** @param {import("./lib.js").SetupData} data */
export default function (data) {
  // Each virtual user takes its own part of the senders in turn, so that none meets its limit early.
  const user = defined(data.users[(__ITER * step.in_flight + __VU - 1) % data.users.length], "a user");
  const body = {
    content: markedContent(scenario.content_bytes),
    idempotency_key: `k6-${__VU}-${__ITER}-${Date.now()}`,
  };
  const url = `${target.baseUrl}/v1/channels/${user.channel}/messages`;
  const response = http.post(url, JSON.stringify(body), jsonParams(user.token));
  if (response.status === 429) refusals.add(1, { code: "RATE_LIMITED" });
  else if (expectOk(response, "a send")) {
    sendRestTime.add(response.timings.duration);
    acknowledged.add(1);
  }
}

/**
 * `k6 run history.js`: pages of a long channel, as many at a time as the scenario's last step says. The channel is the one that
 * `npm run load -- history` makes by an import; run that first. Readers start at the newest page and walk into the past.
 */
import { fail } from "k6";
import http from "k6/http";
import { callAll, defined, expectOk, findTarget, historyTime, jsonParams, loadScenario, pagesRead } from "./lib.js";

/** @typedef {{ channel: string, tokens: string[] }} HistoryData */

/** @type {import("./lib.js").Scenario<import("../play-schema.ts").PlayOf<"history">>} */
const scenario = loadScenario("history", ["history"]);
const target = findTarget();
const play = scenario.play;
const inFlight = defined(play.steps[play.steps.length - 1], "a step of the scenario").in_flight;
const messages = Number(__ENV.MESSAGES || play.messages);

/** @type {import("k6/options").Options} */
export const options = {
  setupTimeout: "20m",
  vus: inFlight,
  duration: `${scenario.seconds}s`,
  // Without the second one a run whose every iteration fails would pass.
  thresholds: { refusals: ["count==0"], pages_read: ["count>0"] },
};

/** @returns {HistoryData} */
export function setup() {
  const key = jsonParams(target.key);
  const found = http.get(`${target.baseUrl}/v1/channels/load-history-${messages}`, key);
  if (found.status !== 200) fail("there is no long channel yet: run `npm run load -- history` first");
  /** @type {import("./lib.js").Call[]} */
  const issues = [];
  for (let index = 0; index < play.readers; index++) {
    const name = `load-reader-${`0000${index + 1}`.slice(-5)}`;
    issues.push([`/v1/users/${name}/tokens`, { ttl_seconds: scenario.seconds + 3600 }]);
  }
  /** @type {{ token: string }[]} */
  const issued = callAll(target, issues);
  const channel = /** @type {{ id: string }} */ (found.json());
  return { channel: channel.id, tokens: issued.map((one) => one.token) };
}

/** @type {string | null} */
let cursor = null;

/** @param {HistoryData} data */
export default function (data) {
  const token = defined(data.tokens[(__ITER * inFlight + __VU - 1) % data.tokens.length], "a reader's token");
  const before = cursor === null ? "" : `&before=${encodeURIComponent(cursor)}`;
  const url = `${target.baseUrl}/v1/channels/${data.channel}/messages?limit=${scenario.history_limit}${before}`;
  const response = http.get(url, jsonParams(token));
  if (!expectOk(response, "a page of history")) return;
  historyTime.add(response.timings.duration);
  pagesRead.add(1);
  cursor = /** @type {{ next_cursor: string | null }} */ (response.json()).next_cursor;
}

import { LatencyHistogram } from "../../measure/latency.ts";
import { round } from "../../measure/numbers.ts";
import { sleep } from "../../run/clock.ts";
import { evenOffsets } from "../../run/random.ts";
import { Timetable } from "../../run/timetable.ts";
import { Tally } from "../measure/delivery-counter.ts";
import { LoadMeter } from "../measure/load-meter.ts";
import { RateSearch } from "../measure/rate-search.ts";
import type { Step } from "../result-schema.ts";
import { Conversation, closeAll, type Group, type Played, settled, type Work, type WorkContext } from "./work.ts";

const FIRST_PER_SECOND = 10;
const MAX_STEPS = 30;
const P95_BELOW_MS = 100;
const PAUSE_MS = 1_000;
/** What is still on its way after a step has so long; one that needs more was too much. */
const GRACE_MS = 2_000;
/** And after a step that was too much, until the next one. */
const RECOVER_MS = 30_000;

const described: Omit<Work, "play"> = {
  name: "fanout",
  seconds: 5,
  describe: ({ members, seconds }) =>
    `one group of ${members}, steps of ${seconds} s, the highest rate with p95 of delivery below ${P95_BELOW_MS} ms and nothing missing`,
  columns: () => [
    { figure: "deliveries_per_second", title: "deliveries/s", better: "more", main: true },
    { figure: "p95_ms", title: "p95 ms", better: "less" },
    { figure: "server_cpu_us_per_delivery", title: "server CPU µs each", better: "less" },
  ],
};

/** One group, and ever more messages a second, at even distances, until deliveries are late or missing. */
export const fanout = createFanout(MAX_STEPS);

/** The same with another number of steps at most. */
export function createFanout(maxSteps: number): Work {
  return { ...described, play: (context) => play(context, maxSteps) };
}

async function play(context: WorkContext, maxSteps: number): Promise<Played> {
  const { server, members, signal, log } = context;
  const conversation = new Conversation(server);
  const group = await conversation.join("fanout", members);
  const meter = new LoadMeter(server);
  const search = new RateSearch(FIRST_PER_SECOND, maxSteps);
  const steps: Step[] = [];
  const problems: string[] = [];
  for (let rate = search.next; rate !== undefined && !signal.aborted; rate = search.next) {
    const tally = new Tally();
    const step = await playStep(context, conversation, group, meter, tally, rate);
    steps.push(step);
    log(stepLine(step));
    if (step.good !== true && !(await settled(tally, RECOVER_MS, signal))) {
      problems.push(`${tally.missing} of ${tally.expected} deliveries did not come at ${round(rate, 1)} messages/s`);
    }
    search.report(step.good === true);
    await sleep(PAUSE_MS, signal);
  }
  closeAll([group]);
  const best = steps.filter(({ good }) => good).sort((a, b) => speed(b) - speed(a))[0];
  return {
    figures: best === undefined ? { deliveries_per_second: null, p95_ms: null } : best.figures,
    steps,
    problems: [...problems, ...conversation.problems()],
  };
}

async function playStep(
  { members, seconds, signal }: WorkContext,
  conversation: Conversation,
  group: Group,
  meter: LoadMeter,
  tally: Tally,
  perSecond: number,
): Promise<Step> {
  const late = new LatencyHistogram();
  const timetable = new Timetable((milliseconds) => late.record(milliseconds));
  const count = Math.max(1, Math.round(perSecond * seconds));
  const offsets = evenOffsets(count, seconds * 1000);
  meter.lap();
  const from = performance.now();
  timetable.repeat(from, seconds * 1000, offsets, (_, dueAt) => {
    // The rounds of a timetable have no end, but this one is stopped; what is due after it does not count.
    if (dueAt >= from + seconds * 1000) return;
    const sender = tally.messages % members;
    group.members[sender]?.send(conversation.begin(tally, group, sender, dueAt));
  });
  await sleep(seconds * 1000, signal);
  timetable.stop();
  const elapsed = (performance.now() - from) / 1000;
  const seenInTime = tally.seen;
  const load = meter.lap();
  const complete = await settled(tally, GRACE_MS, signal);
  const latency = tally.latency.summary();
  const p95 = latency?.p95 ?? null;
  const each = load.server === null || seenInTime === 0 ? null : (load.server * 1e4 * elapsed) / seenInTime;
  return {
    name: `${round(perSecond, 1)} messages/s`,
    figures: {
      messages_per_second: round(tally.messages / elapsed, 1),
      deliveries_per_second: round(tally.seen / elapsed, 0),
      p50_ms: latency?.p50 ?? null,
      p95_ms: p95,
      p99_ms: latency?.p99 ?? null,
      missing: tally.missing,
      server_cpu_us_per_delivery: each === null ? null : round(each, 2),
      generator_late_p99_ms: late.summary()?.p99 ?? null,
    },
    server_cpu_percent: load.server,
    generator_cpu_percent: load.generator,
    good: complete && p95 !== null && p95 < P95_BELOW_MS,
  };
}

function speed({ figures }: Step): number {
  return figures.deliveries_per_second ?? 0;
}

function stepLine({ name, figures, good, ...load }: Step): string {
  const what = `${figures.deliveries_per_second} deliveries/s, p95 ${figures.p95_ms ?? "-"} ms, ${figures.missing} missing`;
  const cpu = `server ${load.server_cpu_percent ?? "?"} %, generator ${load.generator_cpu_percent} %`;
  return `${name}: ${what}; ${cpu}${good === true ? "" : " – too much"}`;
}

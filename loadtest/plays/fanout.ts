import { CpuMeter } from "../measure/cpu-meter.ts";
import { round } from "../measure/numbers.ts";
import type { Outcome, Step } from "../outcome-schema.ts";
import type { PlayOf } from "../play-schema.ts";
import type { Bench } from "../run/bench.ts";
import { sleep } from "../run/clock.ts";
import { evenOffsets, randomOffsets, seededRandom } from "../run/random.ts";

/** Share of the drain that a step has for what is still on its way; one that needs more was too much. */
const SETTLE = 0.2;
/** And how many drains there are after the step that was too much. */
const RECOVER = 3;

/** Raises the rate of messages to one group step by step until its deliveries are late. */
export async function playFanout(bench: Bench, play: PlayOf<"fanout">): Promise<Outcome> {
  await bench.populate();
  await bench.ramp();
  await bench.rest();
  const steps: Step[] = [];
  await bench.measure(async () => {
    const cpu = new CpuMeter(bench.server?.pid);
    let rate = play.first_per_second;
    for (let index = 0; index < play.max_steps && !bench.signal.aborted; index++) {
      const step = await playStep(bench, play, rate, index, cpu);
      steps.push(step);
      bench.log(stepLine(step));
      if (step.good !== true) break;
      rate *= play.factor;
    }
    await settle(bench, 0, bench.pauses.drainMs * RECOVER);
  });
  await bench.drain();
  const best = steps.findLast((step) => step.good === true)?.deliveries?.per_second ?? null;
  return { steps, best_deliveries_per_second: best };
}

async function playStep(
  bench: Bench,
  play: PlayOf<"fanout">,
  perSecond: number,
  index: number,
  cpu: CpuMeter,
): Promise<Step> {
  const { ledger, recorder, sessions, sends, scenario, signal } = bench;
  const first = ledger.count;
  const failedBefore = recorder.sends.failed;
  const timetable = bench.newTimetable();
  const from = performance.now();
  const section = recorder.beginSection(from);
  cpu.lap();
  // Each by the member that has not sent for longest.
  const count = Math.max(1, Math.round(perSecond * scenario.seconds));
  const period = scenario.seconds * 1000;
  const offsets =
    play.arrivals === "even"
      ? evenOffsets(count, period)
      : randomOffsets(count, period, seededRandom(scenario.seed + index));
  let next = first;
  timetable.repeat(from, period, offsets, (_, dueAt) => {
    const session = sessions[next++ % sessions.length];
    if (session !== undefined) sends.overSocket(session, dueAt);
  });
  await sleep(period, signal);
  timetable.stop();
  const seconds = (performance.now() - from) / 1000;
  const load = cpu.lap();
  const settled = await settle(bench, first, bench.pauses.drainMs * SETTLE);
  const { acknowledged, expected, seen } = ledger.tally(first);
  const failed = recorder.sends.failed - failedBefore;
  const delivery = section.delivery.summary();
  const p95 = delivery.from_intended?.p95 ?? Number.POSITIVE_INFINITY;
  return {
    name: `${round(perSecond, 1)}-per-second`,
    wanted_per_second: round(perSecond, 2),
    in_flight: null,
    seconds: round(seconds, 2),
    completed: acknowledged,
    failed,
    per_second: round(acknowledged / seconds, 2),
    latency: section.send.summary(),
    deliveries: { expected, seen, per_second: round(seen / seconds, 1), latency: delivery },
    generator_cpu_percent: load.generator,
    server_cpu_percent: load.server,
    good: settled && failed === 0 && p95 < play.p95_below_ms,
  };
}

/** Waits for the deliveries of the messages from one number on; false where some did not come in time. */
async function settle({ ledger }: Bench, from: number, milliseconds: number): Promise<boolean> {
  const until = performance.now() + milliseconds;
  while (ledger.outstanding(from)) {
    if (performance.now() > until) return false;
    await sleep(20);
  }
  return true;
}

function stepLine({ name, deliveries, good, ...step }: Step): string {
  const p95 = deliveries?.latency.from_intended?.p95 ?? "-";
  const load = `generator ${step.generator_cpu_percent} %, server ${step.server_cpu_percent ?? "?"} % of a core`;
  return `${name}: ${deliveries?.per_second ?? 0} deliveries/s, p95 ${p95} ms, ${load}${good === true ? "" : " – too much"}`;
}

import { LatencyHistogram } from "../../measure/latency.ts";
import { round } from "../../measure/numbers.ts";
import { sleep } from "../../run/clock.ts";
import { LoadMeter } from "../measure/load-meter.ts";
import type { Step } from "../result-schema.ts";
import { percentiles } from "./percentiles.ts";
import type { WorkContext } from "./work.ts";

/** Served before the clock starts: code is compiled and caches are filled. */
const WARM_UP_MS = 1_000;
/** What is in flight at the end has so long. */
const GIVE_UP_MS = 30_000;

/**
 * A fixed number of operations in flight: the next one starts when one is answered, so there is no timetable to be late
 * on. The figures are `<name>_per_second` and its percentiles.
 *
 * @param operate one operation; `place` counts all of them, `hand` tells which of those in flight does it
 */
export async function closedLoop(
  { server, seconds, signal }: Pick<WorkContext, "server" | "seconds" | "signal">,
  name: string,
  inFlight: number,
  operate: (place: number, hand: number) => Promise<void>,
): Promise<{ step: Step; failures: string[] }> {
  const latency = new LatencyHistogram();
  const failures: string[] = [];
  const from = performance.now() + WARM_UP_MS;
  const until = from + seconds * 1000;
  let next = 0;
  const hand = async (index: number) => {
    while (performance.now() < until && !signal.aborted) {
      const startedAt = performance.now();
      try {
        await operate(next++, index);
        const at = performance.now();
        if (at >= from && at < until) latency.record(at - startedAt);
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
        return;
      }
    }
  };
  let open = inFlight;
  const hands = Array.from({ length: inFlight }, (_, index) => hand(index).finally(() => open--));
  await sleep(WARM_UP_MS, signal);
  const meter = new LoadMeter(server);
  await sleep(until - performance.now(), signal);
  const load = meter.lap();
  const done = new AbortController();
  await Promise.race([Promise.all(hands).finally(() => done.abort()), sleep(GIVE_UP_MS, done.signal)]);
  if (open > 0) failures.push(`${open} had no answer after ${GIVE_UP_MS / 1000} s`);
  return {
    step: {
      name,
      figures: {
        [`${name}_per_second`]: round(latency.count / seconds, 1),
        ...percentiles(name, latency.summary()),
      },
      server_cpu_percent: load.server,
      generator_cpu_percent: load.generator,
      good: null,
    },
    failures,
  };
}

import { CpuMeter } from "../measure/cpu-meter.ts";
import { LatencySeries } from "../measure/latency.ts";
import { round } from "../measure/numbers.ts";
import { CountingClient } from "../net/counting-client.ts";
import type { Outcome, Step } from "../outcome-schema.ts";
import type { PlayOf } from "../play-schema.ts";
import type { Bench } from "../run/bench.ts";
import { sleep } from "../run/clock.ts";
import { historyMessageId, prepareLongChannel } from "../run/long-channel.ts";
import { MESSAGE_IN_PAGE } from "../run/message-mark.ts";
import type { LoadUser } from "../run/population.ts";
import { seededRandom } from "../run/random.ts";

const AFTER_FAILURE_MS = 20;
/** Of so many walks the pages of one are checked against the contract; of the others messages are counted. */
const WALKS_PER_CHECK = 20;

/** Reads pages of a long channel as fast as they come, a fixed number at a time. */
export async function playHistory(bench: Bench, play: PlayOf<"history">): Promise<Outcome> {
  bench.enter("setup", `preparing a channel of ${play.messages} messages`);
  const channel = await prepareLongChannel(bench, play);
  const steps: Step[] = [];
  await bench.measure(async () => {
    steps.push(...(await readPages(bench, play, channel.readers, channel.workspaceId)));
  });
  await bench.drain();
  return { steps };
}

async function readPages(
  bench: Bench,
  play: PlayOf<"history">,
  readers: readonly LoadUser[],
  workspaceId: string,
): Promise<Step[]> {
  const { recorder, reads, scenario, signal } = bench;
  const jumps = new LatencySeries();
  const random = seededRandom(scenario.seed);
  const counts = { next: 0, jumps: 0, pages: 0, failedJumps: 0, failedPages: 0 };
  const from = performance.now();
  const until = from + scenario.seconds * 1000;
  const cpu = new CpuMeter(bench.server?.pid);
  const worker = async () => {
    const client = new CountingClient(bench.target.baseUrl, MESSAGE_IN_PAGE);
    while (performance.now() < until && !signal.aborted) {
      // The reader that has not read for longest: each has a limit of its own.
      const walk = counts.next++;
      const reader = readers[walk % readers.length];
      if (reader === undefined) break;
      const read = (query: Record<string, string>, series: LatencySeries) =>
        walk % WALKS_PER_CHECK === 0
          ? reads.page(reader, query, performance.now(), series)
          : reads.countedPage(client, reader, query, performance.now(), series);
      const around = historyMessageId(workspaceId, play.messages, Math.floor(random() * play.messages) + 1);
      let page = await read({ around }, jumps);
      if (page === undefined) counts.failedJumps += 1;
      else counts.jumps += 1;
      for (let walked = 0; walked < play.walk && page?.next_cursor && performance.now() < until; walked++) {
        page = await read({ before: page.next_cursor }, recorder.history);
        if (page === undefined) counts.failedPages += 1;
        else counts.pages += 1;
      }
      if (page === undefined) await sleep(AFTER_FAILURE_MS, signal);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: play.in_flight }, worker));
  const seconds = (performance.now() - from) / 1000;
  const load = cpu.lap();
  const step = (name: string, completed: number, failed: number, series: LatencySeries): Step => ({
    name,
    wanted_per_second: null,
    in_flight: play.in_flight,
    seconds: round(seconds, 2),
    completed,
    failed,
    per_second: round(completed / seconds, 1),
    latency: series.summary(),
    deliveries: null,
    generator_cpu_percent: load.generator,
    server_cpu_percent: load.server,
    good: null,
  });
  const steps = [
    step("pages", counts.pages, counts.failedPages, recorder.history),
    step("jumps", counts.jumps, counts.failedJumps, jumps),
  ];
  for (const { name, per_second: rate, latency } of steps) {
    bench.log(`${name}: ${rate} a second, p95 ${latency.from_intended?.p95 ?? "-"} ms`);
  }
  return steps;
}

import { CpuMeter } from "../measure/cpu-meter.ts";
import { LatencySeries } from "../measure/latency.ts";
import { round } from "../measure/numbers.ts";
import { CountingClient } from "../net/counting-client.ts";
import type { Outcome, Step } from "../outcome-schema.ts";
import type { PlayOf } from "../play-schema.ts";
import type { Bench } from "../run/bench.ts";
import { sleep } from "../run/clock.ts";
import type { ReadTimes } from "../run/history-reads.ts";
import { historyMessageId, type LongChannel, prepareLongChannel } from "../run/long-channel.ts";
import { MESSAGE_IN_PAGE } from "../run/message-mark.ts";
import { seededRandom } from "../run/random.ts";

const AFTER_FAILURE_MS = 20;
/** Of so many walks the pages of one are checked against the contract; of the others messages are counted. */
const WALKS_PER_CHECK = 20;

type HistoryStep = PlayOf<"history">["steps"][number];

/** Reads pages of a long channel as fast as they come, a fixed number at a time. */
export async function playHistory(bench: Bench, play: PlayOf<"history">): Promise<Outcome> {
  bench.enter("setup", `preparing a channel of ${play.messages} messages`);
  const channel = await prepareLongChannel(bench, play);
  const steps: Step[] = [];
  await bench.measure(async () => {
    const random = seededRandom(bench.scenario.seed);
    const walks = { next: 0 };
    const cpu = new CpuMeter(bench.server?.pid);
    for (const step of play.steps) {
      if (bench.signal.aborted) break;
      steps.push(...(await playStep(bench, { play, step, channel, random, walks, cpu })));
    }
  });
  await bench.drain();
  return { steps };
}

interface StepContext {
  play: PlayOf<"history">;
  step: HistoryStep;
  channel: LongChannel;
  random(): number;
  /** Of all steps: each walk is another reader's. */
  walks: { next: number };
  cpu: CpuMeter;
}

/** Pages, and the jumps between walks, as a step each. */
async function playStep(bench: Bench, context: StepContext): Promise<Step[]> {
  const { play, step, channel, random, walks, cpu } = context;
  const { recorder, reads, scenario, signal } = bench;
  const [pages, jumps] = [new LatencySeries(), new LatencySeries()];
  const both: ReadTimes = {
    record(intendedAt, startedAt, finishedAt) {
      pages.record(intendedAt, startedAt, finishedAt);
      recorder.history.record(intendedAt, startedAt, finishedAt);
    },
  };
  const counts = { jumps: 0, pages: 0, failedJumps: 0, failedPages: 0 };
  const from = performance.now();
  const until = from + scenario.seconds * 1000;
  cpu.lap();
  const worker = async () => {
    const client = new CountingClient(bench.target.baseUrl, MESSAGE_IN_PAGE);
    while (performance.now() < until && !signal.aborted) {
      // The reader that has not read for longest: each has a limit of its own.
      const walk = walks.next++;
      const reader = channel.readers[walk % channel.readers.length];
      if (reader === undefined) break;
      const read = (query: Record<string, string>, series: ReadTimes) =>
        walk % WALKS_PER_CHECK === 0
          ? reads.page(reader, query, performance.now(), series)
          : reads.countedPage(client, reader, query, performance.now(), series);
      const around = historyMessageId(channel.workspaceId, play.messages, Math.floor(random() * play.messages) + 1);
      let page = await read({ around }, jumps);
      if (page === undefined) counts.failedJumps += 1;
      else counts.jumps += 1;
      for (let walked = 0; walked < play.walk && page?.next_cursor && performance.now() < until; walked++) {
        page = await read({ before: page.next_cursor }, both);
        if (page === undefined) counts.failedPages += 1;
        else counts.pages += 1;
      }
      if (page === undefined) await sleep(AFTER_FAILURE_MS, signal);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: step.in_flight }, worker));
  const seconds = (performance.now() - from) / 1000;
  const load = cpu.lap();
  const result = (name: string, completed: number, failed: number, series: LatencySeries): Step => ({
    name,
    wanted_per_second: null,
    in_flight: step.in_flight,
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
  const results = [
    result(step.name, counts.pages, counts.failedPages, pages),
    result(`${step.name}-jumps`, counts.jumps, counts.failedJumps, jumps),
  ];
  for (const { name, per_second: rate, latency } of results) {
    bench.log(`${name}: ${rate} a second, p95 ${latency.from_intended?.p95 ?? "-"} ms`);
  }
  return results;
}

import { LatencyHistogram } from "../../measure/latency.ts";
import { sleep } from "../../run/clock.ts";
import { randomOffsets, seededRandom } from "../../run/random.ts";
import { Timetable } from "../../run/timetable.ts";
import { loadScenario } from "../../scenario.ts";
import { Tally } from "../measure/delivery-counter.ts";
import { LoadMeter } from "../measure/load-meter.ts";
import type { Figures } from "../result-schema.ts";
import { percentiles } from "./percentiles.ts";
import { Conversation, closeAll, type Group, type Played, settled, type Work, type WorkContext } from "./work.ts";

const DRAIN_MS = 10_000;

/** The traffic of the load tool's `baseline`, all messages over sockets. */
export const steady: Work = {
  name: "steady",
  seconds: 60,
  describe: ({ seconds }) => {
    const { sockets, group_size, senders, ping_interval_seconds, send_interval_seconds } = loadScenario("baseline");
    return `${sockets} members in groups of ${group_size}, a ping every ${ping_interval_seconds} s on each, ${senders} senders with a message every ${send_interval_seconds} s, ${seconds} s`;
  },
  columns: () => [
    { figure: "ping_p50_ms", title: "ping p50 ms", better: "less" },
    { figure: "ping_p95_ms", title: "ping p95 ms", better: "less", main: true },
    { figure: "ping_p99_ms", title: "ping p99 ms", better: "less" },
    { figure: "delivery_p50_ms", title: "delivery p50 ms", better: "less" },
    { figure: "delivery_p95_ms", title: "delivery p95 ms", better: "less", main: true },
    { figure: "delivery_p99_ms", title: "delivery p99 ms", better: "less" },
  ],
  play,
};

async function play({ server, seconds, signal, log }: WorkContext): Promise<Played> {
  const scenario = loadScenario("baseline");
  const conversation = new Conversation(server);
  const groups: Group[] = [];
  for (let index = 0; index * scenario.group_size < scenario.sockets; index++) {
    groups.push(await conversation.join(`steady${index}`, scenario.group_size));
  }
  const placeOf = (index: number) => ({
    group: groups[Math.floor(index / scenario.group_size)],
    member: index % scenario.group_size,
  });
  const pings = new LatencyHistogram();
  let unanswered = 0;
  let failed = 0;
  const ping = (index: number, dueAt: number) => {
    const { group, member } = placeOf(index);
    const answer = group?.members[member]?.ping?.();
    if (answer === undefined) return;
    unanswered += 1;
    answer
      .then(
        () => pings.record(performance.now() - dueAt),
        () => {
          failed += 1;
        },
      )
      .finally(() => {
        unanswered -= 1;
      });
  };
  const tally = new Tally();
  const say = (index: number, dueAt: number) => {
    const { group, member } = placeOf(Math.floor((index * scenario.sockets) / scenario.senders));
    if (group !== undefined) group.members[member]?.send(conversation.begin(tally, group, member, dueAt));
  };
  const meter = new LoadMeter(server);
  const timetable = new Timetable();
  const from = performance.now();
  const every = (count: number, periodSeconds: number, seed: number, fire: (index: number, dueAt: number) => void) => {
    const period = periodSeconds * 1000;
    timetable.repeat(from, period, randomOffsets(count, period, seededRandom(seed)), fire);
  };
  every(scenario.sockets, scenario.ping_interval_seconds, scenario.seed, ping);
  every(scenario.senders, scenario.send_interval_seconds, scenario.seed + 1, say);
  await sleep(seconds * 1000, signal);
  timetable.stop();
  const load = meter.lap();
  await settled(tally, DRAIN_MS, signal);
  const giveUpAt = performance.now() + DRAIN_MS;
  while (unanswered > 0 && performance.now() < giveUpAt) await sleep(10);
  const figures: Figures = {
    ...percentiles("ping", pings.summary()),
    ...percentiles("delivery", tally.latency.summary()),
    deliveries: tally.seen,
  };
  closeAll(groups);
  log(`${tally.seen} deliveries, p95 ${figures.delivery_p95_ms ?? "-"} ms; pings p95 ${figures.ping_p95_ms ?? "-"} ms`);
  const lost = failed + unanswered;
  return {
    figures,
    steps: [
      {
        name: "steady",
        figures,
        server_cpu_percent: load.server,
        generator_cpu_percent: load.generator,
        good: null,
      },
    ],
    problems: [
      ...(tally.missing === 0 ? [] : [`${tally.missing} of ${tally.expected} deliveries did not come`]),
      ...(lost === 0 ? [] : [`${lost} pings without an answer`]),
      ...conversation.problems(),
    ],
  };
}

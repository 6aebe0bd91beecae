import { median, round } from "../../measure/numbers.ts";
import { readUsage } from "../../measure/server-sampler.ts";
import { sleep } from "../../run/clock.ts";
import { Tally } from "../measure/delivery-counter.ts";
import { LoadMeter } from "../measure/load-meter.ts";
import { proportionalMb } from "../measure/proportional-memory.ts";
import type { RunningPeer } from "../peer.ts";
import type { Figures, Step } from "../result-schema.ts";
import {
  type Amounts,
  Conversation,
  closeAll,
  type Group,
  type Played,
  settled,
  type Work,
  type WorkContext,
} from "./work.ts";

const STAGES = [0, 500, 1_000, 5_000];
const HOLD_MS = 3_000;
const SAMPLES = 5;
const SAMPLE_MS = 200;
/** For one message to arrive at all members of a group. */
const ARRIVE_MS = 10_000;

/** Memory by members of a server that was started after all of them were made. Each stage's new members are a group of their own, of the same workspace where there is one. */
export const memory: Work = {
  name: "memory",
  seconds: 0,
  describe: (amounts) => `resident memory of the process that holds the sockets, at ${stagesOf(amounts).join(", ")}`,
  columns: (amounts) =>
    stagesOf(amounts).map((stage) => ({
      figure: `rss_mb_at_${stage}`,
      title: `MB at ${stage}`,
      better: "less" as const,
      ...(stage === amounts.sockets ? { main: true as const } : {}),
    })),
  play,
};

/** The stages below the last one, and that. */
export function stagesOf({ sockets }: Pick<Amounts, "sockets">): number[] {
  return [...STAGES.filter((stage) => stage < sockets), sockets];
}

async function play(context: WorkContext): Promise<Played> {
  const { server, signal, log } = context;
  const conversation = new Conversation(server);
  const stages = stagesOf(context);
  const joining = stages.map((stage, index) => ({
    group: `memory${stage}`,
    members: stage - (stages[index - 1] ?? 0),
  }));
  await conversation.prepare(joining.filter(({ members }) => members > 0));
  const groups: Group[] = [];
  const steps: Step[] = [];
  const meter = new LoadMeter(server);
  let figures: Figures = {};
  for (const [index, { group, members }] of joining.entries()) {
    if (signal.aborted) break;
    const stage = stages[index] ?? 0;
    if (members > 0) groups.push(await conversation.join(group, members));
    await playOnceEach(context, conversation, groups);
    await sleep(HOLD_MS, signal);
    const own = await memoryOf(server, stage);
    const load = meter.lap();
    figures = { ...figures, ...own };
    steps.push({
      name: `${stage} members`,
      figures: own,
      server_cpu_percent: load.server,
      generator_cpu_percent: load.generator,
      good: null,
    });
    log(
      `${stage} members: ${own[`rss_mb_at_${stage}`] ?? "?"} MB, all processes by their share ${own[`all_pss_mb_at_${stage}`] ?? "?"} MB`,
    );
  }
  closeAll(groups);
  return { figures, steps, problems: [] };
}

/** One message in each group: a socket that has never carried anything is smaller than one in use. */
async function playOnceEach({ signal }: WorkContext, conversation: Conversation, groups: Group[]): Promise<void> {
  const tally = new Tally();
  for (const group of groups) {
    group.members[0]?.send(conversation.begin(tally, group, 0, performance.now()));
    await settled(tally, ARRIVE_MS, signal);
  }
}

/**
 * Median of a few samples: resident memory of the first process, which holds the sockets, and of all together, in which
 * what several share (Postgres' buffers) counts once.
 */
async function memoryOf(server: RunningPeer, stage: number): Promise<Figures> {
  const first: number[] = [];
  const all: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const { pids } = server;
    first.push(pids[0] === undefined ? 0 : (readUsage(pids[0])?.rssMb ?? 0));
    all.push(pids.reduce((sum, pid) => sum + (proportionalMb(pid) ?? 0), 0));
    await sleep(SAMPLE_MS);
  }
  const figure = (sizes: number[]) => (sizes.every((size) => size === 0) ? null : round(median(sizes), 1));
  return { [`rss_mb_at_${stage}`]: figure(first), [`all_pss_mb_at_${stage}`]: figure(all) };
}

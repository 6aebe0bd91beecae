import { descriptorLimit, openDescriptors, socketCapacity } from "../measure/descriptors.ts";
import { round } from "../measure/numbers.ts";
import type { Outcome, Stage } from "../outcome-schema.ts";
import type { PlayOf } from "../play-schema.ts";
import type { Bench } from "../run/bench.ts";
import { sleep } from "../run/clock.ts";
import { steadyTraffic } from "./steady.ts";

/** Sockets from which on what each costs in descriptors is told well enough. */
const TELLING = 100;

/** Opens the scenario's sockets in stages, or as many as the processes may hold, and then lets the traffic run. */
export async function playConnections(bench: Bench, play: PlayOf<"connections">): Promise<Outcome> {
  const open = openDescriptors("self") ?? 0;
  await bench.populate(socketCapacity(descriptorLimit("self") ?? Number.POSITIVE_INFINITY, open, open, 0));
  const before = openDescriptors(bench.server?.pid ?? "self") ?? 0;
  let wanted = bench.sessions.length;
  const stages: Stage[] = [];
  for (const goal of [...play.stages, wanted].sort((a, b) => a - b)) {
    const sockets = Math.min(goal, wanted);
    const opened = bench.recorder.upgrades.attempted;
    if (sockets < opened || (sockets === opened && sockets > 0)) continue;
    if (bench.signal.aborted) break;
    if (sockets > opened) await bench.ramp(bench.sessions.slice(opened, sockets));
    bench.enter("connected");
    await sleep(play.hold_seconds * 1000, bench.signal);
    stages.push(stageOf(bench, stages[0], sockets, play.hold_seconds));
    bench.log(stageLine(stages.at(-1)));
    wanted = Math.min(wanted, sockets < TELLING ? wanted : capacityOf(bench, before, sockets));
  }
  // One that never opens has no traffic either.
  bench.sessions.length = Math.min(bench.sessions.length, wanted);
  await bench.rest();
  await steadyTraffic(bench);
  return { stages };
}

function stageOf({ server, sessions }: Bench, first: Stage | undefined, sockets: number, held: number): Stage {
  const rss = server?.recentRssMb(Math.round(held / 2)) ?? null;
  const open = sessions.filter((session) => session.open).length;
  const before = first?.server_rss_mb ?? null;
  const more = open - (first?.open ?? 0);
  return {
    sockets,
    open,
    server_rss_mb: rss,
    kib_per_socket: rss === null || before === null || more <= 0 ? null : round(((rss - before) * 1024) / more, 1),
    server_descriptors: server === undefined ? null : (openDescriptors(server.pid) ?? null),
    generator_rss_mb: round(process.memoryUsage.rss() / 1024 / 1024, 1),
  };
}

function stageLine(stage: Stage | undefined): string {
  if (stage === undefined) return "";
  return `${stage.open} open: server ${stage.server_rss_mb ?? "?"} MB, ${stage.server_descriptors ?? "?"} descriptors`;
}

/** What the server's own limit of descriptors allows, by what the open sockets take of it. */
function capacityOf({ server, log, sessions }: Bench, before: number, sockets: number): number {
  if (server === undefined) return sessions.length;
  const [limit, now] = [descriptorLimit(server.pid), openDescriptors(server.pid)];
  if (limit === undefined || now === undefined) return sessions.length;
  const capacity = socketCapacity(limit, before, now, sockets);
  if (capacity < sessions.length) {
    log(`the server may open ${limit} descriptors, which is room for ${capacity} sockets: that is the last stage`);
  }
  return capacity;
}

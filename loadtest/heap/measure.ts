import { round } from "../measure/numbers.ts";
import { readUsage } from "../measure/server-sampler.ts";
import type { GroupMember } from "../peers/peer.ts";
import { sleep } from "../run/clock.ts";
import { Inspector } from "./inspector.ts";
import type { HeapKind, HeapStage, MeasuredServer } from "./result.ts";
import type { HeapServer } from "./server.ts";
import { readSnapshot } from "./snapshot.ts";
import { growth, type Tally, tally } from "./tally.ts";

/** Longer than anything waits in the hub for what follows a connection, shorter than workerd waits before hibernation. */
const REST_MS = 1_500;
/** workerd evicts an object after 10 s without events; what was still due by alarm comes before. */
const SLEEP_LOOK_MS = 4_000;
const SLEEP_LOOKS = 15;
/** An object that sleeps has given back at least this share of what its sockets took; caches of the Worker stay. */
const ASLEEP_SHARE = 0.25;
const KINDS = 40;

/** Opens sockets in stages and reads the isolate's heap at each; then lets the object hibernate, and wakes it. */
export async function measureHeap(
  server: HeapServer,
  options: { sockets: readonly number[]; kinds: boolean; log(line: string): void },
): Promise<MeasuredServer> {
  const { log } = options;
  const inspector = await Inspector.connect(server.inspectorPort, server.isolate);
  try {
    const most = Math.max(...options.sockets);
    const members: GroupMember[] = [];
    const tallies: Map<string, Tally>[] = [];
    const stages: HeapStage[] = [];
    const read = async (name: HeapStage["name"]) => {
      const stage = await readStage(server, inspector, name, members.length);
      log(`${name.padEnd(10)} ${String(members.length).padStart(6)} sockets: ${Math.round(stage.js_bytes / 1024)} KiB`);
      return stage;
    };
    stages.push(await read("idle"));
    await server.prepare(most);
    await sleep(REST_MS);
    stages.push(await read("prepared"));
    for (const sockets of options.sockets) {
      members.push(...(await server.open(members.length, sockets)));
      await sleep(REST_MS);
      stages.push(await read("connected"));
      const isEnd = sockets === options.sockets[0] || sockets === most;
      if (options.kinds && isEnd) tallies.push(tally(readSnapshot(await inspector.snapshot())));
    }
    await untilAsleep(stages, () => read("asleep"));
    members[0]?.send("heap");
    await sleep(REST_MS);
    stages.push(await read("woken"));
    for (const member of members) member.close();
    return { setup: server.setup, stages, kinds: kindsOf(tallies, most - (options.sockets[0] ?? 0)) };
  } finally {
    inspector.close();
  }
}

/** Reads until the object hibernates, and keeps the last reading. */
async function untilAsleep(stages: HeapStage[], read: () => Promise<HeapStage>): Promise<void> {
  const prepared = stages[1]?.js_bytes ?? 0;
  const connected = stages.at(-1)?.js_bytes ?? 0;
  for (let look = 0; look < SLEEP_LOOKS; look++) {
    await sleep(SLEEP_LOOK_MS);
    const stage = await read();
    if (connected - stage.js_bytes < ASLEEP_SHARE * (connected - prepared)) continue;
    stages.push(stage);
    return;
  }
}

async function readStage(
  server: HeapServer,
  inspector: Inspector,
  name: HeapStage["name"],
  sockets: number,
): Promise<HeapStage> {
  const usage = await inspector.settledUsage(() => fetch(server.pokeUrl).then((answer) => answer.text()));
  const rss = readUsage(server.pid)?.rssMb;
  return {
    name,
    sockets,
    js_bytes: usage.js,
    embedder_bytes: usage.embedder,
    buffer_bytes: usage.buffers,
    process_rss_mb: rss === undefined ? null : round(rss, 1),
  };
}

function kindsOf([before, after]: readonly Map<string, Tally>[], sockets: number): HeapKind[] {
  if (before === undefined || after === undefined || sockets <= 0) return [];
  return growth(before, after)
    .slice(0, KINDS)
    .map(({ kind, count, bytes }) => ({
      kind,
      objects_per_socket: round(count / sockets, 2),
      bytes_per_socket: round(bytes / sockets, 1),
    }))
    .filter(({ bytes_per_socket: bytes }) => bytes >= 1);
}

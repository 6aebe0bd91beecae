import { LatencySeries } from "../measure/latency.ts";
import { round } from "../measure/numbers.ts";
import { UpgradeError } from "../net/raw-socket.ts";
import type { Outcome, Storm } from "../outcome-schema.ts";
import type { PlayOf } from "../play-schema.ts";
import type { Bench } from "../run/bench.ts";
import { sleep, sleepUntil } from "../run/clock.ts";
import { randomOffsets, seededRandom } from "../run/random.ts";
import type { Resumption, Session } from "../run/session.ts";
import { scheduleReads, scheduleSends } from "../run/traffic.ts";

/** Before another attempt where the server did not say when. */
const RETRY_MS = 1_000;

interface Counts {
  resumed: number;
  resynced: number;
  lost: number;
  putOff: number;
  replayed: number;
  lastAt: number;
  readonly sinceDrop: LatencySeries;
  readonly sinceAttempt: LatencySeries;
}

/**
 * Traffic, in the middle of which every socket drops and comes back with `resume`. Until it is back a member counts as a
 * recipient of everything, so that the ledger tells what was lost or doubled by the storm.
 */
export async function playReconnectStorm(bench: Bench, play: PlayOf<"reconnect-storm">): Promise<Outcome> {
  await bench.populate();
  await bench.ramp();
  await bench.rest();
  const { scenario, timetable, sessions, signal } = bench;
  let storm: Storm | undefined;
  await bench.measure(async (from) => {
    scheduleSends(timetable, scenario, sessions, bench.sends, from);
    scheduleReads(timetable, scenario, sessions, bench.reads, from);
    await sleep(play.drop_at_second * 1000, signal);
    storm = await dropAll(bench, play);
    await sleepUntil(from + scenario.seconds * 1000, signal);
  });
  await bench.drain();
  return storm === undefined ? {} : { storm };
}

async function dropAll(bench: Bench, play: PlayOf<"reconnect-storm">): Promise<Storm> {
  const { scenario, log } = bench;
  const open = bench.sessions.filter((session) => session.open);
  log(`dropping ${open.length} sockets`);
  for (const session of open) session.drop();
  const droppedAt = performance.now();
  const offsets = randomOffsets(open.length, play.spread_seconds * 1000, seededRandom(scenario.seed + 3));
  const counts: Counts = {
    resumed: 0,
    resynced: 0,
    lost: 0,
    putOff: 0,
    replayed: 0,
    lastAt: droppedAt,
    sinceDrop: new LatencySeries(),
    sinceAttempt: new LatencySeries(),
  };
  const giveUpAt = droppedAt + play.give_up_seconds * 1000;
  await Promise.all(
    open.map((session, index) => comeBack(bench, session, droppedAt, offsets[index] ?? 0, giveUpAt, counts)),
  );
  log(
    `${counts.resumed} of ${open.length} resumed after ${Math.round(counts.lastAt - droppedAt)} ms, ${counts.replayed} events replayed`,
  );
  return {
    dropped: open.length,
    resumed: counts.resumed,
    resynced: counts.resynced,
    lost: counts.lost,
    put_off: counts.putOff,
    replayed: counts.replayed,
    all_resumed_ms: counts.lost > 0 ? null : round(counts.lastAt - droppedAt, 1),
    since_drop: counts.sinceDrop.summary(),
    since_attempt: counts.sinceAttempt.summary(),
  };
}

async function comeBack(
  bench: Bench,
  session: Session,
  droppedAt: number,
  offset: number,
  giveUpAt: number,
  counts: Counts,
): Promise<void> {
  const { signal, recorder } = bench;
  const dueAt = droppedAt + offset;
  await sleepUntil(dueAt, signal);
  const startedAt = performance.now();
  while (!signal.aborted && performance.now() < giveUpAt) {
    const resumption = await attempt(bench, session, counts);
    if (resumption === undefined) continue;
    const at = performance.now();
    counts.lastAt = Math.max(counts.lastAt, at);
    counts.sinceDrop.record(droppedAt, droppedAt, at);
    counts.sinceAttempt.record(Math.min(dueAt, startedAt), startedAt, at);
    if (resumption.kind === "resumed") {
      counts.resumed += 1;
      counts.replayed += resumption.count;
    } else {
      counts.resynced += 1;
      recorder.error("resume", "RESYNC", `told to read history: ${resumption.reason}`);
    }
    return;
  }
  counts.lost += 1;
  recorder.error("resume", "LOST", "not back in time");
  session.lose();
}

/** One attempt; undefined where another must follow, after the pause that the server asked for. */
async function attempt({ recorder, signal }: Bench, session: Session, counts: Counts): Promise<Resumption | undefined> {
  try {
    const resumption = await session.resume();
    if (resumption !== undefined) return resumption;
    recorder.error("resume", "NO_ANSWER", "neither resumed nor resync came");
  } catch (error) {
    if (!(error instanceof UpgradeError)) throw error;
    counts.putOff += 1;
    if (error.status !== 429) recorder.error("resume", error.code, error.message);
    await sleep((error.retryAfterSeconds ?? RETRY_MS / 1000) * 1000, signal);
    return undefined;
  }
  await sleep(RETRY_MS, signal);
  return undefined;
}

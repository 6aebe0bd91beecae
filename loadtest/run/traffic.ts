import type { Scenario } from "../scenario.ts";
import type { HistoryReads } from "./history-reads.ts";
import { randomOffsets, seededRandom } from "./random.ts";
import type { Sends } from "./sends.ts";
import type { Session } from "./session.ts";
import type { Timetable } from "./timetable.ts";

/** Reads repeat their timetable once a minute. */
const HISTORY_PERIOD_MS = 60_000;

/** Puts the pings of all sockets on the timetable. */
export function schedulePings(timetable: Timetable, scenario: Scenario, sessions: readonly Session[], startAt: number) {
  const period = scenario.ping_interval_seconds * 1000;
  const offsets = randomOffsets(sessions.length, period, seededRandom(scenario.seed));
  timetable.repeat(startAt, period, offsets, (index, dueAt) => sessions[index]?.ping(dueAt));
}

/** Puts the messages of the senders on the timetable. Senders, and both ways of sending, are spread over the groups. */
export function scheduleSends(
  timetable: Timetable,
  scenario: Scenario,
  sessions: readonly Session[],
  sends: Sends,
  startAt: number,
): void {
  const { senders, socket_share: share } = scenario;
  const period = scenario.send_interval_seconds * 1000;
  const offsets = randomOffsets(senders, period, seededRandom(scenario.seed + 1));
  timetable.repeat(startAt, period, offsets, (index, dueAt) => {
    const session = sessions[Math.floor((index * sessions.length) / senders)];
    if (session === undefined) return;
    if (isSocketSender(index, share)) sends.overSocket(session, dueAt);
    else sends.overRest(session, dueAt);
  });
}

/** Puts the reads on the timetable: each by another user, group after group. */
export function scheduleReads(
  timetable: Timetable,
  scenario: Scenario,
  sessions: readonly Session[],
  reads: HistoryReads,
  startAt: number,
): void {
  const count = Math.round((scenario.history_reads_per_second * HISTORY_PERIOD_MS) / 1000);
  const offsets = randomOffsets(count, HISTORY_PERIOD_MS, seededRandom(scenario.seed + 2));
  let next = 0;
  timetable.repeat(startAt, HISTORY_PERIOD_MS, offsets, (_, dueAt) => {
    const session = sessions[next % sessions.length];
    next += scenario.group_size + 1;
    if (session !== undefined) void reads.read(session.user, dueAt);
  });
}

/** Spreads a share evenly: with a half, every other one. */
export function isSocketSender(index: number, share: number): boolean {
  return Math.floor((index + 1) * share) > Math.floor(index * share);
}

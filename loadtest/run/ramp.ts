import type { Recorder } from "../measure/recorder.ts";
import { UpgradeError } from "../net/raw-socket.ts";
import { sleep, sleepUntil } from "./clock.ts";
import type { Session } from "./session.ts";

/** Times that one socket comes back after the server put it off. */
const MAX_PUT_OFF = 10;

/** Opens all sockets at a steady rate, whether or not earlier ones are open yet, and waits for the last. */
export async function ramp(
  sessions: readonly Session[],
  perSecond: number,
  recorder: Recorder,
  signal: AbortSignal,
): Promise<void> {
  const startAt = performance.now();
  const opening: Promise<void>[] = [];
  for (const [index, session] of sessions.entries()) {
    const dueAt = startAt + (index * 1000) / perSecond;
    await sleepUntil(dueAt, signal);
    if (signal.aborted) break;
    opening.push(open(session, dueAt, recorder, signal));
  }
  await Promise.all(opening);
}

/**
 * One socket. A 429 that names a time is the server's limit per address at work, and all our sockets come from one:
 * it is counted apart, and the socket comes back when it was told to.
 */
async function open(session: Session, firstDueAt: number, recorder: Recorder, signal: AbortSignal): Promise<void> {
  const { upgrades } = recorder;
  upgrades.attempted += 1;
  let dueAt = firstDueAt;
  for (let putOff = 0; !signal.aborted; putOff++) {
    try {
      if (await session.connect(Math.min(dueAt, performance.now()))) upgrades.succeeded += 1;
      else recorder.error("upgrade", "NOT_READY", "no connection.ready after the upgrade");
      return;
    } catch (error) {
      if (!(error instanceof UpgradeError)) throw error;
      if (error.status !== 429 || error.retryAfterSeconds === undefined || putOff >= MAX_PUT_OFF) {
        recorder.error("upgrade", error.code, error.message);
        return;
      }
      upgrades.rateLimited += 1;
      await sleep(error.retryAfterSeconds * 1000, signal);
      dueAt = performance.now();
    }
  }
}

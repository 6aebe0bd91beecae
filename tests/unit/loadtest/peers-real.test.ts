import { describe, expect, it } from "vitest";
import { createBare } from "../../../loadtest/peers/bare/peer.ts";
import type { Peer, RunningPeer } from "../../../loadtest/peers/peer.ts";
import { compare, type Setting } from "../../../loadtest/peers/rounds.ts";
import { createSocketIo } from "../../../loadtest/peers/socketio/peer.ts";
import { createFanout } from "../../../loadtest/peers/works/fanout.ts";
import { history } from "../../../loadtest/peers/works/history.ts";
import { sends } from "../../../loadtest/peers/works/sends.ts";
import type { Work } from "../../../loadtest/peers/works/work.ts";
import { createWs } from "../../../loadtest/peers/ws/peer.ts";

const MINUTE = 60_000;

/** Plays once, and tells which processes served. */
async function play(work: Work, peers: Peer[]) {
  const pids: number[] = [];
  const watched = peers.map((peer) => ({
    ...peer,
    async start(folder: string): Promise<RunningPeer> {
      const server = await peer.start(folder);
      pids.push(...server.pids);
      return server;
    },
  }));
  const setting: Setting = {
    rounds: 1,
    members: 20,
    seconds: 1,
    messages: 1_000,
    sockets: 20,
    signal: new AbortController().signal,
    log: () => {},
  };
  const { peers: results } = await compare(work, watched, setting);
  return { pids, results, rounds: results.flatMap(({ rounds }) => rounds) };
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("real servers", () => {
  it("[PEER-10] relay to 20 members, everything once, and are gone afterwards", { timeout: MINUTE }, async () => {
    const { pids, results, rounds } = await play(createFanout(1), [
      createBare("bare"),
      createBare("bare-wire"),
      createBare("bare-batch"),
      createWs(),
      createSocketIo(),
    ]);
    expect(results.map(({ name, version }) => [name, /\d/.test(version ?? "")])).toEqual([
      ["bare", true],
      ["bare-wire", true],
      ["bare-batch", true],
      ["ws", true],
      ["socketio", true],
    ]);
    expect(rounds).toHaveLength(5);
    for (const { problems, steps } of rounds) {
      expect(problems).toEqual([]);
      expect(steps[0]?.figures.missing).toBe(0);
      // 10 messages in a second, to 19 others each.
      expect(steps[0]?.figures.deliveries_per_second).toBeGreaterThan(100);
      expect(steps[0]?.server_cpu_percent).not.toBeNull();
    }
    expect(pids).toHaveLength(5);
    expect(pids.filter(isThere)).toEqual([]);
  });

  it("[PEER-10] store and answer, and have a history of full pages", { timeout: MINUTE }, async () => {
    const stored = await play(sends, [
      createBare("bare-durable"),
      createBare("bare-durable-wire"),
      createBare("bare-group-commit"),
    ]);
    expect(stored.rounds).toHaveLength(3);
    for (const { problems, figures } of stored.rounds) {
      expect(problems).toEqual([]);
      expect(figures.in_flight_16_per_second).toBeGreaterThan(10);
    }
    const read = await play(history, [createBare("bare-durable"), createBare("bare-wire")]);
    expect(read.rounds).toHaveLength(2);
    for (const { problems, figures } of read.rounds) {
      expect(problems).toEqual([]);
      expect(figures.pages_per_second).toBeGreaterThan(10);
    }
  });
});

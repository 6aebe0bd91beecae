import { describe, expect, it } from "vitest";
import {
  descriptorLimit,
  openDescriptors,
  requireRoom,
  socketCapacity,
} from "../../../loadtest/measure/descriptors.ts";
import { memoryTrend } from "../../../loadtest/plays/steady.ts";
import { play } from "../../../loadtest/run/driver.ts";
import { historyMessageId, longChannelLines } from "../../../loadtest/run/long-channel.ts";
import { loadScenario, type Scenario } from "../../../loadtest/scenario.ts";
import type { Summary } from "../../../loadtest/summary.ts";
import { exportLineSchema } from "../../../src/protocol/export.ts";
import { FakeServer, type Faults } from "./fake-server.ts";

const pauses = { idleMs: 0, connectedMs: 0, limitWindowMs: 50, drainMs: 400, quietMs: 20 };

/** Plays a scenario against a server of its own, so that these tests may run beside each other. */
async function run(name: string, changes: Partial<Scenario>, faults: Faults = {}): Promise<Summary> {
  const server = new FakeServer(faults);
  try {
    const target = { baseUrl: await server.start(), credential: "pk_test:sk_test", loopback: true };
    const scenario = { ...loadScenario(name), connects_per_second: 500, seconds: 1, ...changes };
    return await play(scenario, target, { pauses });
  } finally {
    await server.stop();
  }
}

describe.concurrent("connections", () => {
  const changes: Partial<Scenario> = {
    sockets: 8,
    group_size: 4,
    senders: 4,
    send_interval_seconds: 1,
    play: { kind: "connections", stages: [0, 3, 5, 50], hold_seconds: 0 },
  };

  it("opens in stages up to the scenario's sockets, and runs the traffic beside all of them", async () => {
    const summary = await run("connections", changes);
    expect(summary.outcome.stages?.map(({ sockets, open }) => [sockets, open])).toEqual([
      [0, 0],
      [3, 3],
      [5, 5],
      [8, 8],
    ]);
    expect(summary.sends.acknowledged).toBe(4);
    expect(summary.problems).toEqual([]);
    expect(summary.targets.find(({ metric }) => metric === "open_sockets")?.measured).toBe(8);
  });
});

describe.concurrent("fanout", () => {
  const changes: Partial<Scenario> = {
    sockets: 6,
    group_size: 6,
    senders: 6,
    play: { kind: "fanout", first_per_second: 10, factor: 2, max_steps: 2, arrivals: "even", p95_below_ms: 60_000 },
  };

  it("raises the rate step by step and tells the deliveries of the last good one", async () => {
    const { outcome, problems } = await run("fanout", changes);
    expect(outcome.steps?.map(({ completed, good }) => [completed, good])).toEqual([
      [10, true],
      [20, true],
    ]);
    expect(outcome.steps?.[1]?.deliveries).toMatchObject({ expected: 100, seen: 100 });
    expect(outcome.steps?.[1]?.deliveries?.latency.from_intended?.count).toBe(100);
    expect(outcome.best_deliveries_per_second).toBe(outcome.steps?.[1]?.deliveries?.per_second);
    expect(problems).toEqual([]);
  });

  it("takes batches apart", async () => {
    const { outcome, deliveries, problems } = await run("fanout", { ...changes, batch: true }, { batches: true });
    expect(outcome.steps?.[0]?.deliveries).toMatchObject({ expected: 50, seen: 50 });
    expect(deliveries.duplicates).toBe(0);
    expect(problems).toEqual([]);
  });

  it("stops at a step whose deliveries do not all come", async () => {
    const { outcome, problems } = await run("fanout", changes, {
      copies: (n, member) => (n === 3 && member === 2 ? 0 : 1),
    });
    expect(outcome.steps).toHaveLength(1);
    expect(outcome.best_deliveries_per_second).toBeNull();
    expect(problems).toContain("1 dropped deliveries");
    expect(problems).toContain("no step of the fan-out was good");
  });
});

describe.concurrent("reconnect-storm", () => {
  const changes: Partial<Scenario> = {
    sockets: 8,
    group_size: 4,
    senders: 8,
    send_interval_seconds: 1,
    seconds: 2,
    play: { kind: "reconnect-storm", drop_at_second: 0.5, spread_seconds: 0.6, give_up_seconds: 3 },
  };

  it("brings everyone back with what it missed, and nothing twice", async () => {
    const { outcome, deliveries, sends, problems } = await run("reconnect-storm", changes);
    expect(outcome.storm).toMatchObject({ dropped: 8, resumed: 8, lost: 0, resynced: 0 });
    expect(outcome.storm?.replayed).toBeGreaterThan(0);
    expect(outcome.storm?.all_resumed_ms).toBeLessThan(60_000);
    expect(deliveries).toMatchObject({ dropped: 0, duplicates: 0, seq_holes: 0, number_conflicts: 0 });
    expect(sends).toMatchObject({ attempted: 16, acknowledged: 16 });
    expect(problems).toEqual([]);
  });

  it("tells what a resume leaves out, and what it brings twice", async () => {
    const [forgetful, doubling] = await Promise.all([
      run("reconnect-storm", changes, { replay: () => [] }),
      run("reconnect-storm", changes, { replay: (missed) => [...missed, ...missed] }),
    ]);
    expect(forgetful.deliveries.dropped).toBeGreaterThan(0);
    expect(doubling.deliveries.duplicates).toBeGreaterThan(0);
  });

  it("tells who does not come back", async () => {
    const refused = { status: 503, code: "UPSTREAM_UNAVAILABLE", retryAfter: 0.5 };
    const { outcome, problems } = await run("reconnect-storm", changes, {
      upgrade: (n) => (n >= 15 ? refused : undefined),
    });
    expect(outcome.storm?.lost).toBe(1);
    expect(outcome.storm?.all_resumed_ms).toBeNull();
    expect(problems).toContain("1 sockets that did not come back");
  });
});

describe.concurrent("sends", () => {
  it("keeps a number of sends in flight, over sockets and REST", async () => {
    const steps = [
      { name: "a", path: "socket", in_flight: 4 },
      { name: "b", path: "rest", in_flight: 2 },
    ] as const;
    const { outcome, sends, problems } = await run("sends", {
      sockets: 8,
      group_size: 2,
      senders: 8,
      play: { kind: "sends", steps: [...steps] },
    });
    const [a, b] = outcome.steps ?? [];
    expect(a?.completed).toBeGreaterThan(50);
    expect(b?.completed).toBeGreaterThan(20);
    expect(sends.acknowledged).toBe((a?.completed ?? 0) + (b?.completed ?? 0));
    expect(a?.latency.from_intended?.count).toBe(a?.completed);
    expect(problems).toEqual([]);
  });
});

describe("history", () => {
  it("needs the local stack's database", async () => {
    await expect(run("history", {})).rejects.toThrow(/import/);
  });

  it("imports lines of the export's form, with the same ids every time", () => {
    const lines = [...longChannelLines("w", "load-history-3", 3, ["r1", "r2"])];
    expect(lines.map(({ type }) => type)).toEqual([
      ...["user", "user", "channel", "member", "member"],
      ...["message", "message", "message"],
    ]);
    for (const line of lines) expect(exportLineSchema().safeParse(line).success).toBe(true);
    const ids = [1, 2, 3].map((seq) => historyMessageId("w", 3, seq));
    expect([...ids].sort()).toEqual(ids);
    expect(lines.at(-1)).toMatchObject({ data: { id: ids[2] } });
    expect(historyMessageId("other", 3, 1)).not.toBe(ids[0]);
  });
});

describe("soak", () => {
  it("tells the course of memory after the warm-up", () => {
    const second = Array.from({ length: 100 }, (_, index) => index);
    const phase = second.map(() => "run" as const);
    const cpu_percent = second.map(() => 0);
    const course = (mb: (n: number) => number) =>
      memoryTrend({ second, phase, rss_mb: second.map(mb), cpu_percent }, 20);
    expect(course(() => 100)).toMatchObject({ growth_percent: 0, mb_per_hour: 0 });
    expect(course((n) => 100 + n)?.mb_per_hour).toBeCloseTo(3_600, 0);
    // What rises during the warm-up alone does not count.
    expect(course((n) => (n < 20 ? n : 100))).toMatchObject({ first_mb: 100, last_mb: 100 });
    expect(memoryTrend({ second: [], phase: [], rss_mb: [], cpu_percent: [] }, 20)).toBeUndefined();
  });
});

describe.runIf(process.platform === "linux")("descriptors", () => {
  it("are counted, and say how many sockets a process can hold", () => {
    expect(openDescriptors("self")).toBeGreaterThan(3);
    expect(descriptorLimit("self")).toBeGreaterThan(openDescriptors("self") ?? 0);
    expect(descriptorLimit(2 ** 22 + 1)).toBeUndefined();
    // Two descriptors for each socket: half of what the limit leaves.
    expect(socketCapacity(20_000, 136, 1_136, 500)).toBe((20_000 - 136 - 256) / 2);
    // 320 connections that made the users have gone since.
    expect(socketCapacity(20_000, 390, 10_070, 5_000)).toBe((20_000 - 70 - 256) / 2);
    expect(socketCapacity(20_000, 50, 50, 0)).toBe(20_000 - 50 - 256);
  });
});

describe("more sockets than a process may open", () => {
  it("are refused before anything begins, with what is missing", () => {
    expect(() => requireRoom(9_800, 20_000, 20_000)).not.toThrow();
    expect(() => requireRoom(20_000, 20_000, undefined)).toThrow(
      /need 20256 descriptors and this process may open 20000/,
    );
    expect(() => requireRoom(9_900, 20_000, 20_000)).toThrow(/the server may open 20000/);
    expect(() => requireRoom(1_000_000, undefined, undefined)).not.toThrow();
  });
});

describe("scenario changes", () => {
  it("keep one group of everyone, and the sockets of each workspace", () => {
    expect(loadScenario("fanout", { sockets: 50 })).toMatchObject({ sockets: 50, group_size: 50, senders: 50 });
    expect(loadScenario("many-workspaces", { workspaces: 1_000 })).toMatchObject({ sockets: 20_000, senders: 4_000 });
    expect(loadScenario("history", { messages: 5_000 }).play).toMatchObject({ messages: 5_000 });
    expect(() => loadScenario("baseline", { messages: 5_000 })).toThrow(/--messages/);
    expect(() => loadScenario("many-workspaces", { sockets: 11 })).toThrow(/per workspace/);
  });
});

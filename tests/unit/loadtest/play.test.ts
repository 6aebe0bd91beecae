import { afterEach, describe, expect, it } from "vitest";
import { socketUrl } from "../../../loadtest/run/bench.ts";
import { play } from "../../../loadtest/run/driver.ts";
import { loadScenario, type Scenario } from "../../../loadtest/scenario.ts";
import type { Summary } from "../../../loadtest/summary.ts";
import { FakeServer, type Faults } from "./fake-server.ts";

const pauses = { idleMs: 0, connectedMs: 0, limitWindowMs: 50, drainMs: 600, quietMs: 50 };
const quick: Partial<Scenario> = {
  seconds: 1,
  group_size: 5,
  sockets: 8,
  senders: 4,
  connects_per_second: 500,
  ping_interval_seconds: 1,
  send_interval_seconds: 1,
  history_reads_per_second: 5,
  history_limit: 10,
};

let server: FakeServer | undefined;

async function run(faults: Faults = {}, seconds = 1): Promise<Summary> {
  server = new FakeServer(faults);
  const baseUrl = await server.start();
  const scenario = { ...loadScenario("baseline"), ...quick, seconds };
  return await play(scenario, { baseUrl, credential: "pk_test:sk_test", loopback: true }, { pauses });
}

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

describe("a run against a server that does its job", () => {
  it("is clean, and measures everything", async () => {
    const summary = await run({}, 2);
    expect(summary.problems).toEqual([]);
    expect(summary.errors).toEqual([]);
    expect(summary.upgrades).toMatchObject({ attempted: 8, succeeded: 8, success_percent: 100, rate_limited: 0 });
    expect(summary.sends).toMatchObject({ attempted: 8, acknowledged: 8, failed: 0 });
    expect(summary.sends.socket.from_intended?.count).toBe(4);
    expect(summary.sends.rest.from_intended?.count).toBe(4);
    // In each of two rounds three of the senders are in the full group of 5, one in the group with 3 of 5 connected.
    expect(summary.deliveries).toMatchObject({ expected: 2 * (3 * 4 + 2), seen: 28, dropped: 0, duplicates: 0 });
    expect(summary.deliveries.latency.from_intended?.count).toBe(28);
    expect(summary.pings.sent).toBeGreaterThanOrEqual(12);
    expect(summary.pings.answered).toBe(summary.pings.sent);
    expect(summary.history.answered).toBeGreaterThan(2);
    expect(summary.history.full_pages).toBe(summary.history.answered);
    expect(summary.targets.every(({ measured }) => measured !== null)).toBe(true);
    expect(summary.targets[0]?.met).toBe(true);
    expect(summary.machine_busy_percent).toBeGreaterThan(0);
    // The fake runs in this process, so this process is the server.
    if (process.platform === "linux") expect(summary.server?.pid).toBe(process.pid);
    expect(server?.users).toBe(10);
    expect(server?.channels).toBe(2);
  });
});

describe("a run against a server that fails", () => {
  it("tells a lost delivery", async () => {
    const summary = await run({ copies: (message, member) => (message === 1 && member === 2 ? 0 : 1) });
    expect(summary.deliveries.dropped).toBe(1);
    expect(summary.problems).toContain("1 dropped deliveries");
  });

  it("tells a doubled delivery", async () => {
    const summary = await run({ copies: (message, member) => (message === 1 && member === 2 ? 2 : 1) });
    expect(summary.deliveries.duplicates).toBe(1);
    expect(summary.problems).toEqual(["1 duplicate deliveries"]);
  });

  it("tells a refused upgrade, with its code", async () => {
    const summary = await run({ upgrade: (n) => (n === 3 ? { status: 401, code: "UNAUTHORIZED" } : undefined) });
    expect(summary.upgrades).toMatchObject({ attempted: 8, succeeded: 7, success_percent: 87.5 });
    expect(summary.problems).toContain("1 failed upgrades");
    expect(summary.errors[0]).toMatchObject({ operation: "upgrade", code: "UNAUTHORIZED", count: 1 });
    expect(summary.targets[0]?.met).toBe(false);
  });

  it("comes back where a limit per address put an upgrade off, and does not call it a failure", async () => {
    const limited = { status: 429, code: "RATE_LIMITED", retryAfter: 0.1 };
    const summary = await run({ upgrade: (n) => (n === 3 ? limited : undefined) });
    expect(summary.upgrades).toMatchObject({ attempted: 8, succeeded: 8, rate_limited: 1 });
    expect(summary.problems).toEqual([]);
  });

  it("waits during the setup as long as a 429 says", async () => {
    const limited = { status: 429, code: "RATE_LIMITED", retryAfter: 0.1 };
    const summary = await run({ rest: (n) => (n < 5 ? limited : undefined) });
    expect(summary.problems).toEqual([]);
  });

  it("tells a send that is never answered", async () => {
    const summary = await run({ silent: (message) => message === 0 });
    expect(summary.sends.failed).toBe(1);
    expect(summary.errors[0]?.code).toBe("NO_ANSWER");
    expect(summary.deliveries.delivered_unacknowledged).toBe(1);
    // It counts with the time that was waited for the answer.
    expect(summary.sends.latency.from_intended?.max).toBeGreaterThan(500);
  });

  it("tells a socket that the server closed, by code", async () => {
    const summary = await run({ closeAfter: 0 });
    expect(summary.closes).toEqual([{ code: 4009, reason: "too slow to read", count: 1 }]);
    expect(summary.problems).toContain("1 sockets closed by the other side");
  });

  it("reports what it has when it is stopped, and nothing when that was before it measured", async () => {
    server = new FakeServer();
    const target = { baseUrl: await server.start(), credential: "k:s", loopback: true };
    const scenario = { ...loadScenario("baseline"), ...quick, seconds: 60 };
    const stop = new AbortController();
    const log = (line: string) => {
      if (line.startsWith("measuring")) setTimeout(() => stop.abort(), 1_100);
    };
    const stopped = await play(scenario, target, { pauses, log, signal: stop.signal });
    expect(stopped.interrupted).toBe(true);
    expect(stopped.measured_seconds).toBeLessThan(30);
    expect(stopped.sends.acknowledged).toBeGreaterThan(0);
    await expect(play(scenario, target, { pauses, signal: AbortSignal.abort() })).rejects.toThrow(/Stopped/);
  });

  it("finds its users and groups again", async () => {
    server = new FakeServer();
    const target = { baseUrl: await server.start(), credential: "k:s", loopback: true };
    const scenario = { ...loadScenario("baseline"), ...quick, seconds: 1 };
    for (const sockets of [8, 4]) {
      expect((await play({ ...scenario, sockets }, target, { pauses })).problems).toEqual([]);
      expect([server.users, server.channels]).toEqual([10, 2]);
    }
  });

  it("does not start where there is no server", async () => {
    const scenario = { ...loadScenario("baseline"), ...quick };
    const nowhere = { baseUrl: new URL("http://127.0.0.1:9"), credential: "k:s", loopback: true };
    await expect(play(scenario, nowhere, { pauses })).rejects.toThrow(/Unable to reach/);
  });
});

describe("socketUrl", () => {
  it("keeps the host and the security of the base URL", () => {
    expect(socketUrl(new URL("http://127.0.0.1:8787")).href).toBe("ws://127.0.0.1:8787/v1/ws");
    expect(socketUrl(new URL("https://chat.example")).href).toBe("wss://chat.example/v1/ws");
  });
});

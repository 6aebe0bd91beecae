import { describe, expect, it } from "vitest";
import { totalOf } from "../../../loadtest/cost/bill.ts";
import { type Inputs, readInputs } from "../../../loadtest/cost/inputs.ts";
import prices from "../../../loadtest/cost/prices.json" with { type: "json" };
import { costOf } from "../../../loadtest/cost/run.ts";
import { formatBill } from "../../../loadtest/cost/table.ts";
import { monthlyUsage } from "../../../loadtest/cost/usage.ts";
import { UsageError } from "../../../loadtest/errors.ts";

const rules = { ...prices.durable_objects, ...prices.neon };

function inputs(...args: string[]): Inputs {
  const read = readInputs(args);
  if (read === undefined) throw new Error("help");
  return read.inputs;
}

const nothing = [
  "--messages-per-day=0",
  "--connects-per-day=0",
  "--pages-per-day=0",
  "--requests-per-day=0",
  "--receipts-per-day=0",
  "--reactions-per-day=0",
  "--signals-per-day=0",
  "--files-per-day=0",
];

describe("the cost program", () => {
  it("reads its options, and refuses what is none", () => {
    expect(inputs("--users", "500", "--rest-share", "0.5")).toMatchObject({ users: 500, "rest-share": 0.5 });
    expect(readInputs(["--help"])).toBeUndefined();
    for (const wrong of [
      ["--user", "1"],
      ["--users", "x"],
      ["--users", ""],
      ["--rest-share", "2"],
      ["--hours-per-day", "0"],
    ]) {
      expect(() => readInputs(wrong)).toThrow(UsageError);
    }
  });

  it("bills nothing but the plan where nobody does anything", () => {
    const cost = costOf(inputs(...nothing));
    // The objects look after silent sockets, which stays far within what the plan includes.
    expect(cost.total).toBe(prices.workers.base_per_month);
  });

  it("counts WebSocket messages 20 to 1, and REST messages whole", () => {
    const one = (share: string) =>
      monthlyUsage(inputs(...nothing, "--messages-per-day=40", `--rest-share=${share}`), rules);
    const [socket, rest] = [one("0"), one("1")];
    const messages = 10_000 * 40 * 30;
    expect(rest.durable_objects.requests - socket.durable_objects.requests).toBeCloseTo(messages - messages / 20, 0);
    expect(rest.workers.requests - socket.workers.requests).toBe(messages);
  });

  it("has an object awake for as long as its messages need, never longer than the month", () => {
    const seconds = (perDay: number) => {
      const args = [...nothing, "--users=200", "--users-per-workspace=200", `--messages-per-day=${perDay}`];
      return monthlyUsage(inputs(...args), rules).durable_objects.duration_gb_s / rules.memory_gb;
    };
    const handlers = seconds(0);
    // Few messages: each by itself. Very many: all of the active hours.
    expect((seconds(0.01) - handlers) / (0.01 * 200 * 30)).toBeCloseTo(0.236, 2);
    expect(seconds(100_000)).toBeLessThanOrEqual(10 * 3_600 * 30 + handlers);
    expect(seconds(100_000)).toBeGreaterThan(0.99 * 10 * 3_600 * 30);
  });

  it("is dearer without hibernation, and grows with users", () => {
    const small = costOf(inputs("--users=1000"));
    const large = costOf(inputs("--users=10000"));
    expect(large.awake).toBeGreaterThan(large.total);
    expect(large.total).toBeGreaterThan(small.total);
    expect(totalOf(large.lines)).toBe(large.total);
    for (const { used, dollars } of large.lines) expect(used >= 0 && dollars >= 0).toBe(true);
  });

  it("prints every part with its dates", () => {
    const text = formatBill(costOf(inputs()));
    for (const part of ["Workers", "Durable Objects", "R2", "Neon", "Upstash", "rows written", prices.read_at]) {
      expect(text).toContain(part);
    }
  });
});
